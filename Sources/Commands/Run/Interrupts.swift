import Glibc
import Support

/// Hands the first SIGINT or SIGTERM to a function; a second one ends the process as if it were not watched.
///
/// Call it before any other thread starts: the signals are blocked in this thread and in those it starts, so that
/// only the watching thread sees them. Signals the parent had set to be ignored stay ignored.
func watchInterrupts(_ signalled: @escaping @Sendable (Int32) -> Void) {
  let signals = [SIGINT, SIGTERM].filter { !isIgnored($0) }
  guard !signals.isEmpty else { return }
  var set = sigset_t()
  sigemptyset(&set)
  for signal in signals { sigaddset(&set, signal) }
  guard pthread_sigmask(SIG_BLOCK, &set, nil) == 0 else { return }
  let watched = set
  let started = startThread(named: "signals") {
    signalled(nextSignal(of: watched))
    let last = nextSignal(of: watched)
    signal(last, SIG_DFL)
    var unblocked = watched
    pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
    kill(getpid(), last)
  }
  if !started { pthread_sigmask(SIG_UNBLOCK, &set, nil) }
}

/// Waits for one of some blocked signals.
private func nextSignal(of set: sigset_t) -> Int32 {
  var set = set
  var number: Int32 = 0
  while sigwait(&set, &number) != 0 {}
  return number
}

/// Whether a signal has no effect, as nohup(1) and shells arrange it for background jobs.
private func isIgnored(_ number: Int32) -> Bool {
  var action = sigaction()
  guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else { return false }
  return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
