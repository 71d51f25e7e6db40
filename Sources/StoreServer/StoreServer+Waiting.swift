import JSON
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Requests that cannot be answered at once.
extension StoreServer {
  // MARK: - Parked requests

  /// Leaves a request in the input buffer until the key changes.
  func park(_ connection: ClientConnection, until key: WaitKey) {
    connection.state = .parked(key)
    waiting[key, default: []].append(connection.id)
    handler.parkedRequests += 1
    store.notesChanges = true
    poller.change(connection.file, .hangUp, token: connection.id)
  }

  func forget(_ connection: ClientConnection, waitingFor key: WaitKey) {
    waiting[key]?.removeAll { $0 == connection.id }
    if waiting[key]?.isEmpty == true { waiting[key] = nil }
    handler.parkedRequests -= 1
    store.notesChanges = !waiting.isEmpty
    if case .stream(_, let id) = key { store.unpark(connection.client, from: id) }
  }

  /// Tries parked requests again whose key has changed.
  func wakeParked() {
    while store.notesChanges {
      let changes = store.takeChanges()
      if changes.isEmpty { return }
      for key in changes {
        for token in waiting.removeValue(forKey: key) ?? [] {
          handler.parkedRequests -= 1
          guard let connection = connections[token] else { continue }
          resume(connection)
        }
      }
      store.notesChanges = !waiting.isEmpty
    }
  }

  private func resume(_ connection: ClientConnection) {
    connection.state = .ready
    poller.change(connection.file, .reading, token: connection.id)
    process(connection)
  }

  // MARK: - Pages

  /// Holds a complete reply back until the blobs in it have pages.
  func awaitPages(_ connection: ClientConnection, _ blobs: [ObjectID], sendsArena: Bool, transfer: Transfer?) {
    let ranges = blobs.compactMap { store.range(of: $0, in: connection.client.session) }
    for range in ranges { store.demandPages(range) }
    hold(
      connection,
      PageWait(
        ranges: ranges, blobs: blobs, reply: Array(handler.reply.bytes), sendsArena: sendsArena, transfer: transfer))
  }

  /// Holds a complete reply back until unused pages are given back.
  func awaitTrim(_ connection: ClientConnection) {
    hold(
      connection,
      PageWait(ranges: [], blobs: [], reply: Array(handler.reply.bytes), sendsArena: false, transfer: nil))
  }

  private func hold(_ connection: ClientConnection, _ wait: PageWait) {
    connection.state = .awaitingPages(wait)
    pageWaiters.append(connection.id)
    poller.change(connection.file, .hangUp, token: connection.id)
  }

  /// Whether what a reply waits for has happened.
  private func isOver(_ wait: PageWait) -> Bool {
    if wait.ranges.isEmpty { return !pages.isGivingBack }
    return wait.ranges.allSatisfy { store.memory.residency.isWarm($0) }
  }

  func finishPages(_ job: PageJob, _ result: Result<Duration, SharedMemoryError>) {
    let refuses = pages.finish(job, result)
    pages.pump()
    guard !pageWaiters.isEmpty else { return }
    for token in pageWaiters {
      guard let connection = connections[token], case .awaitingPages(let wait) = connection.state else { continue }
      // What could not be zeroed may still be what others have written.
      if refuses, !wait.ranges.isEmpty, job.work == .zero || !isOver(wait) {
        refuse(connection, wait)
      } else if isOver(wait) {
        release(connection, wait)
      }
    }
    pageWaiters.removeAll { token in
      guard let connection = connections[token], case .awaitingPages = connection.state else { return true }
      return false
    }
  }

  /// Answers those who wait for pages to be given back once there is nothing more to give.
  ///
  /// - Returns: whether there were any.
  func answerTrimmed() -> Bool {
    guard !pageWaiters.isEmpty, !pages.isGivingBack else { return false }
    var isAnswered = false
    for token in pageWaiters {
      guard let connection = connections[token], case .awaitingPages(let wait) = connection.state,
        wait.ranges.isEmpty
      else { continue }
      pageWaiters.removeAll { $0 == token }
      isAnswered = true
      release(connection, wait)
    }
    return isAnswered
  }

  private func release(_ connection: ClientConnection, _ wait: PageWait) {
    connection.state = .ready
    poller.change(connection.file, .reading, token: connection.id)
    let isOpen = wait.reply.withUnsafeBytes { send($0, sendsArena: wait.sendsArena, to: connection) }
    guard isOpen else { return }
    if let transfer = wait.transfer {
      if connection.hasPendingOutput {
        connection.transferWhenFlushed = transfer
      } else {
        start(transfer, on: connection)
      }
    }
    process(connection)
  }

  /// The system has no pages for new blobs: they are dropped and their creator is told.
  private func refuse(_ connection: ClientConnection, _ wait: PageWait) {
    for blob in wait.blobs { try? store.dropBlob(blob, by: connection.client) }
    if wait.sendsArena { connection.knowsArena = false }
    connection.state = .ready
    poller.change(connection.file, .reading, token: connection.id)
    let size = wait.ranges.reduce(0) { $0 + $1.length }
    handler.reply.reply(
      StoreError(
        .notEnoughMemory,
        "Failed to allocate memory of size \(size): the system has no pages left, although "
          + "\(store.memory.used) of \(store.memory.limit) are in use"))
    if send(handler.reply.bytes, sendsArena: false, to: connection) { process(connection) }
  }

  // MARK: - Raw bytes

  /// Moves raw bytes on the transfer thread; what already arrived with the request is taken from the input.
  func start(_ transfer: Transfer, on connection: ClientConnection) {
    var received: UInt64 = 0
    if transfer.direction == .receive {
      for range in transfer.ranges where connection.input.count > 0 {
        received += UInt64(
          connection.input.take(into: arena.base + Int(range.offset), atMost: Int(clamping: range.length)))
      }
    }
    connection.state = .transferring
    connection.transferWhenFlushed = transfer
    poller.remove(connection.file)
    transfers.start(transfer, file: connection.file, token: connection.id, alreadyReceived: received)
  }

  func finishTransfer(_ token: UInt64, _ succeeded: Bool) {
    guard let connection = connections[token], let transfer = connection.transferWhenFlushed else { return }
    connection.transferWhenFlushed = nil
    connection.state = .ready
    guard succeeded, !connection.isShownOut, poller.add(connection.file, .reading, token: token) else {
      return close(connection, because: "gone during a transfer")
    }
    store.now = unixMilliseconds()
    switch transfer.direction {
    case .receive: for blob in transfer.blobs { try? store.seal(blob, by: connection.client) }
    case .send: store.endSending(to: connection.client)
    }
    if transfer.direction == .receive {
      let isOpen = transfer.closing.withUnsafeBytes { send($0, sendsArena: false, to: connection) }
      guard isOpen else { return }
    }
    process(connection)
  }
}
