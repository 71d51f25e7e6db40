import Glibc
import Support

/// A running program: collects what it prints until it ends, or ends it.
struct PluginRun {
  private let process: pid_t
  private let output: Int32
  /// Whether the program leads a process group, with which everything it started ends.
  private let isGroup: Bool
  private var bytes: [UInt8] = []
  private var isOpen = true

  /// - Parameter output: the non-blocking read end of the program's stdout; the caller closes it.
  init(process: pid_t, output: Int32, isGroup: Bool) {
    self.process = process
    self.output = output
    self.isGroup = isGroup
  }

  /// Waits for the end of the program; it never leaves a zombie.
  ///
  /// - Parameter cancellation: a descriptor that becomes readable when the program is to be killed.
  mutating func wait(until limit: Duration?, cancellation: Int32) -> PluginProcess.End {
    let deadline = limit.map { ContinuousClock.now + $0 }
    var pause: Int32 = 1
    while true {
      if let deadline, ContinuousClock.now >= deadline { return stop(.timedOut) }
      // A closed pipe comes just before the end. An open one may be held by what the program left running, so that
      // its end is looked for now and then.
      var descriptors = [pollfd(fd: cancellation, events: Int16(POLLIN), revents: 0)]
      if isOpen { descriptors.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
      poll(&descriptors, nfds_t(descriptors.count), isOpen ? 50 : pause)
      if !isOpen { pause = min(pause * 2, 50) }
      if descriptors[0].revents != 0 { return stop(.cancelled) }
      drain()
      if bytes.count > PluginProcess.outputLimit { return stop(.tooMuchOutput) }
      if let status = reap(WNOHANG) {
        drain()
        return end(status)
      }
    }
  }

  /// Takes the output of the program so far.
  private mutating func drain() {
    guard isOpen else { return }
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while bytes.count <= PluginProcess.outputLimit {
      let count = read(output, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      if count == 0 { isOpen = false }
      guard count > 0 else { return }
      bytes += chunk[..<count]
    }
  }

  /// The wait status of the program, nil while it runs.
  private func reap(_ options: Int32) -> Int32? {
    var status: Int32 = 0
    while true {
      let result = waitpid(process, &status, options)
      if result == process { return status }
      if result == 0 { return nil }
      // ECHILD: the parent made this process ignore the ends of its children, and the status is lost.
      if errno != EINTR { return 0 }
    }
  }

  private func stop(_ end: PluginProcess.End) -> PluginProcess.End {
    kill(isGroup ? -process : process, SIGKILL)
    _ = reap(0)
    return end
  }

  private func end(_ status: Int32) -> PluginProcess.End {
    let signal = status & 0x7F
    return signal == 0 ? .exited(status: status >> 8 & 0xFF, output: bytes) : .killed(signal: signal)
  }
}
