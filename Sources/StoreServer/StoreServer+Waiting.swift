import DequeModule
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
    countParked(1, of: connection)
    store.notesChanges = true
    poller.change(connection.file, .hangUp, token: connection.id)
  }

  private func countParked(_ change: Int, of connection: ClientConnection) {
    handler.parkedRequests += change
    connection.client.volume?.parkedRequests += change
  }

  func forget(_ connection: ClientConnection, waitingFor key: WaitKey) {
    waiting[key]?.removeAll { $0 == connection.id }
    if waiting[key]?.isEmpty == true { waiting[key] = nil }
    countParked(-1, of: connection)
    store.notesChanges = !waiting.isEmpty
    // It may have been the one that was to get the lock.
    if case .lock = key { wake(key) }
    if case .stream(_, let id) = key { store.unpark(connection.client, from: id) }
  }

  /// Tries parked requests again whose key has changed, a slice of them.
  func wakeParked() {
    store.work.allow(Self.slice)
    repeat {
      deliverEffects()
      while !store.work.isSpent, let token = woken.popFirst() {
        store.work.spend(8 * Work.item)
        guard let connection = connections[token], case .parked(let key) = connection.state else { continue }
        resume(connection, from: key)
      }
      store.notesChanges = !waiting.isEmpty
    } while !store.work.isSpent && store.hasEffects
  }

  /// Lets those go on that wait for a key; of those who wait for a lock, the first.
  func wake(_ key: WaitKey) {
    guard case .lock = key else {
      return woken.append(contentsOf: waiting.removeValue(forKey: key) ?? [])
    }
    guard let first = waiting[key]?.first else { return }
    woken.append(first)
  }

  private func resume(_ connection: ClientConnection, from key: WaitKey) {
    if case .lock = key { waiting[key]?.removeAll { $0 == connection.id } }
    if waiting[key]?.isEmpty == true { waiting[key] = nil }
    countParked(-1, of: connection)
    guard connection.work == nil else {
      connection.state = .working
      poller.change(connection.file, [], token: connection.id)
      return enqueue(connection)
    }
    connection.state = .ready
    poller.change(connection.file, .reading, token: connection.id)
    process(connection)
  }

  // MARK: - Pages

  /// Holds a complete reply back until the blobs in it have pages.
  func awaitPages(_ connection: ClientConnection, _ blobs: NewBlobs, sendsArena: Bool, transfer: Transfer?) {
    for range in blobs.ranges { store.demandPages(range) }
    hold(connection, PageWait(blobs: blobs, reply: takeReply(), sendsArena: sendsArena, transfer: transfer))
  }

  /// Holds a complete reply back until unused pages are given back.
  func awaitTrim(_ connection: ClientConnection) {
    hold(connection, PageWait(blobs: NewBlobs(), reply: takeReply(), sendsArena: false, transfer: nil))
  }

  /// The reply as a writer of its own.
  private func takeReply() -> ByteWriter {
    let reply = handler.reply
    handler.reply = ByteWriter(repliesWithin: heap.buffers)
    return reply
  }

  private func hold(_ connection: ClientConnection, _ wait: PageWait) {
    connection.state = .awaitingPages(wait)
    pageWaiters.append(connection.id)
    poller.change(connection.file, .hangUp, token: connection.id)
  }

  /// Whether what a reply waits for has happened.
  private func isOver(_ wait: PageWait) -> Bool {
    if wait.isForTrim { return !pages.isGivingBack }
    return wait.blobs.ranges.allSatisfy { store.memory.residency.isWarm($0) }
  }

  func finishPages(_ job: PageJob, _ result: Result<Duration, SharedMemoryError>) {
    let refuses = pages.finish(job, result)
    pages.pump()
    guard !pageWaiters.isEmpty else { return }
    for token in pageWaiters {
      guard let connection = connections[token], case .awaitingPages(let wait) = connection.state else { continue }
      // What could not be zeroed may still be what others have written.
      if refuses, !wait.isForTrim, job.work == .zero || !isOver(wait) {
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
        wait.isForTrim
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
    var reply = wait.reply
    let isOpen = send(&reply, sendsArena: wait.sendsArena, to: connection)
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
    store.takeBack(wait.blobs.ids, by: connection.client)
    if wait.sendsArena { connection.knowsArena = false }
    connection.state = .ready
    poller.change(connection.file, .reading, token: connection.id)
    let size = wait.blobs.size
    handler.reply.reply(
      StoreError(
        .notEnoughMemory,
        "Failed to allocate memory of size \(size): the system has no pages left, although "
          + "\(store.memory.used) of \(store.memory.limit) are in use"))
    if sendReply(to: connection) { process(connection) }
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
    case .receive: goOn(with: SealTask(transfer, by: connection.client), for: connection)
    case .send:
      store.endSending(to: connection.client)
      store.work.allow(Self.slice)
      process(connection)
    }
  }
}
