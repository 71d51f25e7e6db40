import DequeModule
import JSON
import StoreCore
import StoreProtocol
import Support

/// Requests that take more than one turn of the loop, cut into steps between which others are served.
///
/// A turn gives every event and a few of the queued connections one slice of work each, and another slice to giving back
/// what is gone. So its length is bounded, whatever clients ask for.
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
  func enqueue(_ connection: ClientConnection) {
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
  func begin(_ frame: UnsafeRawBufferPointer, from connection: ClientConnection) {
    let work = RequestWork(frame)
    work.message.begin(frame)
    setWorking(work, connection)
  }

  /// Keeps a request that was not finished in its first step, with what it has written so far.
  func keep(
    _ task: any RequestTask, _ frame: UnsafeRawBufferPointer, _ found: (type: RequestType, index: Int)?,
    nanoseconds: UInt64, from connection: ClientConnection
  ) {
    let work = RequestWork(frame)
    work.task = task
    work.found = found
    work.duration = nanoseconds
    swap(&work.reply, &handler.reply)
    setWorking(work, connection)
  }

  /// Finishes a request whose message was taken already.
  func goOn(with task: any RequestTask, for connection: ClientConnection) {
    let work = RequestWork(nil)
    work.task = task
    setWorking(work, connection)
  }

  private func setWorking(_ work: RequestWork, _ connection: ClientConnection) {
    connection.work = work
    connection.state = .working
    // One that has closed its sending side still reads the reply; the end of both is told in any case.
    poller.change(connection.file, [], token: connection.id)
    enqueue(connection)
  }

  /// Does one step of a connection's request.
  private func proceed(_ connection: ClientConnection) {
    guard let work = connection.work else { return }
    let start = monotonicNanoseconds()
    swap(&work.reply, &handler.reply)
    defer { swap(&work.reply, &handler.reply) }
    var disposition: Disposition?
    var failure: StoreError?
    do throws(StoreError) { disposition = try step(work, connection) } catch {
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
    case .wait(let task, let key) where !isStopping:
      work.task = task
      park(connection, until: key)
    case .park(let key) where !isStopping:
      park(connection, until: key)
    case .some(var disposition):
      if disposition.isPark {
        failure = Self.stopping
        handler.reply.reply(Self.stopping)
        disposition = .reply
      }
      connection.work = nil
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

  private func step(_ work: RequestWork, _ connection: ClientConnection) throws(StoreError) -> Disposition? {
    if work.task != nil {
      // Taken out, so that the task is not copied when it changes.
      guard var task = work.task else { return nil }
      work.task = nil
      let disposition = try task.step(handler)
      if disposition == nil || disposition?.isPark == true { work.task = task }
      return disposition
    }
    while !store.work.isSpent {
      let before = work.message.position
      let isRead = try work.message.advance(by: max(store.work.rest / 4, 4096))
      store.work.spend(1024 + 4 * (work.message.position - before))
      if isRead { return try handle(work, connection) }
    }
    return nil
  }

  /// Handles a long message that was read to its end.
  private func handle(_ work: RequestWork, _ connection: ClientConnection) throws(StoreError) -> Disposition {
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
    try heap.admit(found.type, bytes: work.frame?.count ?? 0)
    store.longestReply = heap.longestReply
    let disposition = try handler.handle(found.type, from: connection)
    if case .park = disposition { throw Self.tooLong(found.type) }
    return disposition
  }

  /// Short messages may wait, since reading them again costs little.
  private static func tooLong(_ type: RequestType) -> StoreError {
    StoreError(.invalid, "a \(type.rawValue) may have \(longFrame) bytes")
  }

  /// A client that leaves in the middle of a request: what must not stay half done is done or taken back.
  func abandonWork(of connection: ClientConnection) {
    guard let work = connection.work else { return }
    connection.work = nil
    if let rest = work.task?.abandoned() { store.reclaim(rest) }
  }
}

extension Disposition {
  var isPark: Bool {
    switch self {
    case .park, .wait: true
    default: false
    }
  }
}
