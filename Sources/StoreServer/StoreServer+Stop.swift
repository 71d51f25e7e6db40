import Glibc
import HTTPEndpoint
import JSON
import Logging
import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Ending in good order.
extension StoreServer {
  /// Milliseconds given to transfers and slow readers.
  private static let timeout: UInt64 = 700

  /// Refusal of requests that would have to wait.
  static let stopping = StoreError(.alreadyStopped, "the daemon is stopping")

  func beginStop(_ reason: String) {
    guard !isStopping else { return }
    isStopping = true
    log.info("\(reason): closing the sockets, answering what is in flight")
  }

  /// Stops accepting, answers requests that have arrived, tells parked clients, waits a little for transfers.
  func drain() {
    if isServing {
      volumes.saveEmptied()
      saveLossRecord(hasNames: store.root.nameCount > 0)
    }
    for (token, listener) in listeners {
      // The name of a volume's socket stays: clients that come while the store restarts find it and try again.
      if listener.volume == nil { listener.removePath() }
      connections.removeListener(token)
    }
    metricsEndpoint?.stop()
    metricsEndpoint = nil
    let deadline = monotonicNanoseconds() + Self.timeout * 1_000_000
    // Requests that are already in the sockets.
    while monotonicNanoseconds() < deadline, poller.wait(timeout: 0, serve: serveWhileStopping) > 0 {}
    repeat { settleChanged() } while !woken.isEmpty && monotonicNanoseconds() < deadline
    pulls.refuseNew()
    refuseWaiting()
    settle(until: deadline)
    transfers.stop()
    pulls.stop()
    tls?.stop()
    finishJobs()
    let left = connections.count
    for connection in connections.values { close(connection, because: "the daemon stops") }
    pages.stop()
    jobs.stop()
    backend.close()
    log.info("stopped\(left > 0 ? ", \(left) clients were still connected" : "")")
  }

  /// Waits for replies and raw bytes to go out, and answers what comes up behind them.
  private func settle(until deadline: UInt64) {
    while monotonicNanoseconds() < deadline {
      let isBusy = connections.values.contains(where: \.isBusy)
      let events = poller.wait(timeout: isBusy && !hasWork ? 10 : 0, serve: serveWhileStopping)
      continueWork()
      pages.pump()
      if events == 0, !isBusy { return }
    }
  }

  /// Finishes the jobs for the disk, however long they take, and answers the clients that wait for them.
  private func finishJobs() {
    while jobs.count > 0 {
      jobs.drain()
      takeMessages()
      for _ in 0..<connections.count where !queue.isEmpty { continueWork() }
    }
  }

  private func serveWhileStopping(_ event: Poller.Event) {
    store.now = unixMilliseconds()
    if event.token >= EventLoop.Token.firstConnection {
      if let connection = connections[event.token] { serve(connection, event) }
    } else if event.token == EventLoop.Token.mailbox {
      takeMessages()
    }
  }

  private func refuseWaiting() {
    for connection in connections.values {
      guard case .held(let held) = connection.state else { continue }
      switch held.condition {
      case .changed, .pulled: settle(held, failure: Self.stopping)
      default: break
      }
    }
  }
}

extension Connection {
  /// Whether a reply or raw bytes are still on their way.
  fileprivate var isBusy: Bool {
    switch state {
    case .transferring, .working: true
    case .ready: hasPendingOutput
    case .held(let held):
      if case .changed = held.condition { hasPendingOutput } else { true }
    case .closing: false
    }
  }
}
