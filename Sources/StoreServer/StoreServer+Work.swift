import DequeModule
import JSON
import StoreCore
import StoreProtocol
import Support

/// Requests that take more than one turn of the loop, cut into steps between which others are served.
///
/// A turn gives every event and a few of the queued connections one slice of work each, and another slice to
/// reclaiming. So its length is bounded for all requests.
extension StoreServer {
  /// Units of work of one slice, about a millisecond.
  static let slice: UInt64 = 1_000_000
  /// Slices that queued connections get in a turn.
  static let slicesPerTurn = 4
  /// Bytes of the longest message that is read in one go.
  static let longFrame = 64 << 10

  /// Whether there is more to do at once.
  var hasWork: Bool { !queue.isEmpty || !woken.isEmpty || store.isReclaiming }

  /// Gives a connection a turn after others.
  func enqueue(_ connection: Connection) {
    guard !connection.isQueued else { return }
    connection.isQueued = true
    queue.append(connection.id)
  }

  func continueWork() {
    for _ in 0..<Self.slicesPerTurn {
      guard let token = queue.popFirst() else { break }
      guard let connection = connections[token] else { continue }
      connection.isQueued = false
      store.now = unixMilliseconds()
      store.work.allow(Self.slice)
      switch connection.state {
      case .working: proceed(connection)
      case .ready: process(connection)
      default: break
      }
    }
    if store.isReclaiming {
      store.work.allow(Self.slice)
      if !store.reclaim() { endUnusedSessions() }
    }
    store.work.allow(Self.slice)
  }

  /// Starts to read a long message in steps.
  func begin(_ frame: UnsafeRawBufferPointer, from connection: Connection) {
    do throws(StoreError) { try heap.admitReading(bytes: frame.count) } catch {
      handler.reply.reply(error)
      connection.input.consumeFrame(frame)
      if sendReply(to: connection), connection.input.count > 0 { enqueue(connection) }
      return
    }
    let work = RequestWork(frame, replies: connection.buffers)
    work.message.begin(frame)
    hold(HeapMeter.readingCost(bytes: frame.count), for: work)
    setWorking(work, connection)
  }

  /// Keeps a request that was not finished in its first step, with what it has written so far.
  ///
  /// - Parameter cost: bytes of heap that it was admitted with.
  func keep(
    _ task: any RequestTask, _ frame: UnsafeRawBufferPointer, _ found: (type: RequestType, index: Int)?, cost: UInt64,
    nanoseconds: UInt64, from connection: Connection
  ) {
    let work = RequestWork(frame, replies: heap.buffers)
    work.task = task
    work.found = found
    work.duration = nanoseconds
    hold(cost, for: work)
    handler.reply.count(in: connection.buffers)
    swap(&work.reply, &handler.reply)
    setWorking(work, connection)
  }

  /// Finishes a request whose message was taken already.
  func continueWork(with task: any RequestTask, for connection: Connection) {
    let work = RequestWork(nil, replies: connection.buffers)
    work.task = task
    setWorking(work, connection)
  }

  /// Keeps bytes of heap counted until a request ends.
  private func hold(_ cost: UInt64, for work: RequestWork) {
    heap.hold(cost)
    work.held += cost
  }

  /// A request ends, whose memory can be measured from now on.
  private func release(_ work: RequestWork) {
    heap.release(work.held)
    work.held = 0
  }

  private func setWorking(_ work: RequestWork, _ connection: Connection) {
    connection.work = work
    connection.state = .working
    // One that has closed its sending side still reads the reply; the end of both is told in any case.
    poller.change(connection.file, [], token: connection.id)
    enqueue(connection)
  }

  /// Does one step of a connection's request.
  private func proceed(_ connection: Connection) {
    guard let work = connection.work else { return }
    let start = monotonicNanoseconds()
    swap(&work.reply, &handler.reply)
    defer { swap(&work.reply, &handler.reply) }
    var disposition: Disposition?
    var failure: StoreError?
    do throws(StoreError) {
      disposition = try step(work, connection)
      try requireRoom(&disposition, work)
    } catch {
      if work.frame != nil, let held = awaitQuota(connection) {
        // It begins anew: what it has done so far is taken back.
        connection.work = nil
        release(work)
        return hold(held, of: connection)
      }
      failure = error
      handler.reply.reply(error)
      disposition = .reply
    }
    work.duration += monotonicNanoseconds() - start
    switch disposition {
    case nil: enqueue(connection)
    case .continue(let task):
      work.task = task
      enqueue(connection)
    case .some(let waiting) where mayWait(waiting):
      if let task = waiting.rest { work.task = task }
      if let held = waiting.pause { hold(held, of: connection) }
    case .some(var disposition):
      if disposition.pause != nil {
        failure = Self.stopping
        handler.reply.reply(Self.stopping)
        disposition = .reply
      }
      connection.work = nil
      release(work)
      connection.state = .ready
      if let frame = work.frame {
        record(work.found, nanoseconds: work.duration, failure, connection)
        connection.input.consumeFrame(frame)
      }
      poller.change(connection.file, .reading, token: connection.id)
      apply(disposition, to: connection)
      if connection.isReady, connection.input.count > 0 { enqueue(connection) }
    }
  }

  /// Gives a request up whose reply there is no room for.
  private func requireRoom(_ disposition: inout Disposition?, _ work: RequestWork) throws(StoreError) {
    guard handler.reply.refusal != nil else { return }
    if let task = work.task { takeBack(task) }
    if let disposition { takeBack(disposition) }
    work.task = nil
    heap.countRefusal()
    try handler.reply.requireRoom()
  }

  /// Completes or takes back the part of an abandoned request that must not stay half done.
  func takeBack(_ task: any RequestTask) {
    if let rest = task.abandoned() { store.reclaimLater(rest) }
  }

  /// Does the same for a request whose reply there is no room for.
  func takeBack(_ disposition: Disposition) {
    if let rest = disposition.rest { takeBack(rest) }
    if let held = disposition.held, held.outlivesClient { heldReplies.add(held) }
  }

  /// Whether a request may wait: while the server stops, only for work under way.
  func mayWait(_ disposition: Disposition) -> Bool {
    guard let held = disposition.pause else { return false }
    if case .changed = held.condition { return !isStopping }
    return true
  }

  private func step(_ work: RequestWork, _ connection: Connection) throws(StoreError) -> Disposition? {
    if work.task != nil {
      // Taken out, so that the task is not copied when it changes.
      guard var task = work.task else { return nil }
      work.task = nil
      let disposition = try task.step(handler)
      if disposition == nil || disposition?.pause != nil { work.task = task }
      return disposition
    }
    while !work.isRead {
      if store.work.isSpent { return nil }
      let before = work.message.position
      work.isRead = try work.message.advance(by: max(store.work.rest / 4, 4096))
      store.work.spend(1024 + 4 * (work.message.position - before))
    }
    return try handle(work, connection)
  }

  /// Handles a long message that was read to its end.
  private func handle(_ work: RequestWork, _ connection: Connection) throws(StoreError) -> Disposition {
    swap(&work.message, &handler.message)
    defer { swap(&work.message, &handler.message) }
    let found = try handler.recognise(isRegistered: connection.isRegistered)
    work.found = found
    // The password is checked elsewhere, and the message read again after that.
    if found.type == .register { throw Self.tooLong(found.type) }
    if let (code, message) = handler.embeddedError {
      handler.reply.reply(code: code, message: message)
      return .reply
    }
    let reading = work.held
    release(work)
    let request = RequestDescriptor.all[found.index]
    let cost = try heap.admit(request, bytes: work.frame?.count ?? 0)
    hold(max(cost, reading), for: work)
    let disposition = try handler.handle(found.type, request, from: connection)
    if case .hold(let held) = disposition, case .changed = held.condition { throw Self.tooLong(found.type) }
    if case .continue = disposition { hold(try listingCost(request, connection), for: work) }
    return disposition
  }

  /// Short messages may wait, since reading them again costs little.
  private static func tooLong(_ type: RequestType) -> StoreError {
    StoreError(.invalid, "a \(type.rawValue) may have \(longFrame) bytes")
  }

  /// Ends the request of a client that leaves in the middle of it: it is completed or taken back.
  func abandonWork(of connection: Connection) {
    guard let work = connection.work else { return }
    connection.work = nil
    release(work)
    if let task = work.task { takeBack(task) }
  }
}
