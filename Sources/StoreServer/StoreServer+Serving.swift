import Glibc
import HTTPEndpoint
import JSON
import Logging
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Way from an event to the reply: a turn of the loop, the messages of a connection, and the treatment of each.
extension StoreServer {
  /// Waits for events, and handles them and their consequences.
  func turn(timeout: CInt) {
    let work = store.work.done
    var start: UInt64 = 0
    poller.wait(timeout: timeout) {
      start = monotonicNanoseconds()
      backend.quotas?.checkStanding()
    } serve: { event in
      store.now = unixMilliseconds()
      dispatch(event)
    }
    continueWork()
    runTimers()
    reportReuse()
    repeat {
      settleChanged()
      pages.pump(urgentOnly: pulls.isBusy)
    } while settleUnserved()
    backend.endTurn()
    turns.record(nanoseconds: monotonicNanoseconds() - start, work: store.work.done - work)
  }

  private func dispatch(_ event: Poller.Event) {
    if event.token >= EventLoop.Token.firstConnection {
      if let connection = connections[event.token] { serve(connection, event) }
    } else if event.token == EventLoop.Token.mailbox {
      takeMessages()
    } else if event.token == EventLoop.Token.signals {
      if let signal = loop.takeSignal() { take(signal) }
    } else if let listener = listeners[event.token] {
      connections.accept(on: listener) { connection in
        sessions.visit(listener.session.id)
        count(connection, 1)
      }
    }
  }

  /// Does the work that other threads have asked for.
  func takeMessages() { for message in mailbox.takeAll() { message(self) } }

  // MARK: - A connection

  private func count(_ connection: Connection, _ change: Int) {
    switch connection.kind {
    case .ipc: handler.connectionCounts.ipc += change
    case .rpc: handler.connectionCounts.rpc += change
    }
    if change > 0 { metricsLog?.connected(connection.kind, handler.connectionCounts) }
  }

  /// Counts a connection that has begun.
  func countConnected(_ connection: Connection) { count(connection, 1) }

  /// Ends a connection and frees everything that only it kept.
  func close(_ connection: Connection, because reason: String) {
    guard connections.remove(connection) else { return }
    abandonHeld(of: connection)
    abandonWork(of: connection)
    store.now = unixMilliseconds()
    store.disconnect(connection.client)
    count(connection, -1)
    log.debug("client \(connection.number) gone: \(reason)")
    endUnusedSessions()
  }

  func serve(_ connection: Connection, _ event: Poller.Event) {
    if connection.hasPendingOutput {
      if event.isWritable {
        continueSending(connection)
      } else if event.isHungUp {
        close(connection, because: "hung up")
      }
      return
    }
    guard connection.isReady else {
      // The transfer thread has the socket: the event belongs to an earlier wait.
      if case .transferring = connection.state { return }
      if event.isHungUp { close(connection, because: "hung up while waiting") }
      return
    }
    // A queued connection has enough to do: its next bytes are read later.
    guard event.isReadable, !connection.isQueued else { return }
    switch connection.input.read(from: connection.file) {
    case .closed: close(connection, because: "closed")
    case .wouldBlock: break
    case .noRoom: refuseMessage(connection)
    case .some:
      store.work.allow(Self.slice)
      process(connection)
      if connection.kind == .rpc { Self.acknowledge(connection) }
    }
  }

  /// Acknowledges a part of a message at once: the client sends header and body separately, and its system
  /// holds the body back until the header is acknowledged (40 ms by default).
  private static func acknowledge(_ connection: Connection) {
    guard connection.isReady, connection.input.count > 0 else { return }
    var on: CInt = 1
    setsockopt(connection.file, CInt(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<CInt>.size))
  }

  /// Tells a client that its message is too long for the memory that is left, and ends the connection.
  private func refuseMessage(_ connection: Connection) {
    handler.reply.reply(
      StoreError(.notEnoughMemory, "the message is too long for the memory that the store has left for connections"))
    guard sendReply(to: connection) else { return }
    close(connection, because: "there is no memory for its message")
  }

  private func continueSending(_ connection: Connection) {
    guard connection.flush(descriptor: { descriptor(of: $0, for: connection.client) }) else {
      return close(connection, because: "cannot be written to")
    }
    guard !connection.hasPendingOutput else { return }
    poller.change(connection.file, .reading, token: connection.id)
    if case .held(let held) = connection.state, case .sent = held.condition { return settle(held) }
    store.work.allow(Self.slice)
    process(connection)
  }

  /// The descriptor of a memory file that a client may have: for writing, where it may, else for reading.
  ///
  /// - Returns: nil when it may not have the file at all, or the file is gone.
  private func descriptor(of key: Int, for client: Client) -> CInt? {
    guard let arena = files[key], let mayWrite = store.mayWrite(key, client) else { return nil }
    return mayWrite ? arena.fileDescriptor : arena.readOnlyFileDescriptor
  }

  /// Sends the reply in the handler's writer.
  ///
  /// - Returns: false when the connection had to be closed.
  func sendReply(sendsArena: Bool = false, to connection: Connection) -> Bool {
    send(&handler.reply, sendsArena: sendsArena, to: connection)
  }

  /// Sends a message.
  ///
  /// - Parameter message: replaced by another writer when the connection keeps it.
  /// - Returns: false when the connection had to be closed.
  func send(_ message: inout ByteWriter, sendsArena: Bool, to connection: Connection) -> Bool {
    let isSent = connection.send(&message, sendsFiles: sendsArena) { descriptor(of: $0, for: connection.client) }
    guard isSent else {
      close(connection, because: "cannot be written to")
      return false
    }
    if connection.hasPendingOutput {
      poller.change(connection.file, [.writing, .hangUp], token: connection.id)
    }
    return true
  }

  /// Bytes of a message before the password is known to be right.
  private static let longestRegistration: UInt64 = 16 << 10

  /// Answers the complete messages a connection has sent, until one has to wait.
  func process(_ connection: Connection) {
    while connection.isReady, !connection.hasPendingOutput, connections[connection.id] != nil {
      if store.work.isSpent {
        if connection.input.count > 0 { enqueue(connection) }
        return
      }
      let longest = passwords == nil || connection.isRegistered ? Frame.maximumLength : Self.longestRegistration
      switch connection.input.nextFrame(longest: longest) {
      case .incomplete: return
      case .tooLong: return close(connection, because: "a message is longer than \(longest) bytes")
      case .complete(let frame) where frame.count > Self.longFrame:
        return begin(frame, from: connection)
      case .complete(let frame):
        store.work.spend(Work.item + 4 * frame.count)
        let disposition = answer(frame, from: connection)
        if case .continue = disposition { return }
        if let held = disposition.pause {
          hold(held, of: connection)
        } else {
          connection.input.consumeFrame(frame)
          apply(disposition, to: connection)
        }
      }
    }
  }

  private func answer(_ frame: UnsafeRawBufferPointer, from connection: Connection) -> Disposition {
    let start = monotonicNanoseconds()
    var failure: StoreError?
    var found: (type: RequestType, index: Int)?
    var disposition = Disposition.reply
    do throws(StoreError) {
      found = try handler.read(frame, isRegistered: connection.isRegistered)
      if let (code, message) = handler.embeddedError {
        handler.reply.reply(code: code, message: message)
      } else if let found {
        let request = RequestDescriptor.all[found.index]
        var cost = try heap.admit(request, bytes: frame.count)
        disposition = try handler.handle(found.type, request, from: connection)
        if handler.reply.refusal != nil {
          takeBack(disposition)
          heap.countRefusal()
          try handler.reply.requireRoom()
        }
        if disposition.pause != nil, !mayWait(disposition) { throw Self.stopping }
        if let task = disposition.rest {
          if case .continue = disposition { cost += try listingCost(request, connection) }
          keep(task, frame, found, cost: cost, nanoseconds: monotonicNanoseconds() - start, from: connection)
          return disposition
        }
        // Counted once it is answered.
        if disposition.pause != nil { return disposition }
      }
    } catch {
      if let held = awaitQuota(connection) { return .hold(held) }
      failure = error
      disposition = .reply
      handler.reply.reply(error)
    }
    record(found, nanoseconds: monotonicNanoseconds() - start, failure, connection)
    return disposition
  }

  /// Bytes of heap that a request takes which lists more than one step finds.
  func listingCost(
    _ request: RequestDescriptor, _ connection: Connection
  ) throws(StoreError) -> UInt64 {
    guard case .listing(let listing) = request.heap else { return 0 }
    let session = connection.client.session
    switch listing {
    case .objects: return try heap.admitListing(of: session.objectCount + session.blobCount)
    case .names: return try heap.admitListing(of: session.nameCount)
    }
  }

  /// Counts a request that is answered.
  func record(
    _ found: (type: RequestType, index: Int)?, nanoseconds duration: UInt64, _ failure: StoreError?,
    _ connection: Connection
  ) {
    connection.quotaDeadline = nil
    if let found {
      metrics.record(found.index, nanoseconds: duration, failed: failure != nil)
      metricsLog?.record(RequestDescriptor.all[found.index].log, nanoseconds: duration, store)
    } else {
      metrics.recordMalformed()
    }
    if logsRequests {
      let name = found?.type.rawValue ?? "malformed request"
      let outcome = failure.map { "code \($0.code.rawValue): \($0.message)" } ?? "ok"
      log.debug("client \(connection.number): \(name), \(duration / 1000) µs, \(outcome)")
    }
  }

  func apply(_ disposition: Disposition, to connection: Connection) {
    switch durability(of: disposition, for: connection) ?? disposition {
    case .send(let sendsArena):
      _ = sendReply(sendsArena: sendsArena, to: connection)
    case .close: close(connection, because: "exit")
    case .wait, .continue: break
    case .transfer(let transfer):
      guard sendReply(to: connection) else { return }
      begin(transfer, on: connection)
    case .hold(let held): hold(held, of: connection)
    case .authenticate(let username, let password):
      authenticate(connection, username: username, password: password)
    case .encrypt: encrypt(connection)
    case .deleteSession:
      // The socket is gone by the time the client reads the reply.
      endSession(connection.client.session)
      guard sendReply(to: connection) else { return }
      if connection.hasPendingOutput {
        hold(HeldReply(until: .sent, then: .close), of: connection)
      } else {
        close(connection, because: "session deleted")
      }
    }
  }

  /// Disposition that replaces a reply whose changes are not durable: the reply is held, or the request has failed and
  /// is undone. Nil when the reply may leave.
  func durability(of disposition: Disposition, for connection: Connection) -> Disposition? {
    guard store.keepsChanges else { return nil }
    let (sendsArena, transfer): (Bool, Transfer?)
    switch disposition {
    case .send(let arena): (sendsArena, transfer) = (arena, nil)
    case .transfer(let bytes): (sendsArena, transfer) = (false, bytes)
    default: return nil
    }
    switch store.endRequest(of: connection.client) {
    case .durable: return nil
    case .pending(let number):
      return .hold(HeldReply(until: .durable(number), then: .send(arena: sendsArena, transfer)))
    case .refused:
      handler.reply.reply(StoreError(.ioError, "what the request built on could not be made durable"))
      return .reply
    }
  }
}

/// Next step after a request was looked at. The reply, if any, is in the reply writer.
enum Disposition {
  /// Send the reply, then the descriptors that it announces if wanted.
  case send(arena: Bool)
  /// Close without a reply.
  case close
  /// Send the reply when its condition holds; or handle the request again, when that is how it is to go on.
  case hold(HeldReply)
  /// Go on with a request that takes more steps, after others.
  case `continue`(any RequestTask)
  /// Go on with a request that takes more steps when the condition of this holds.
  case wait(any RequestTask, HeldReply)
  /// Send the reply, then move raw bytes.
  case transfer(Transfer)
  /// Check a password elsewhere, then finish registering.
  case authenticate(username: String, password: String)
  /// Send the reply, then close this connection and the session.
  case deleteSession
  /// Send the reply, then go on in TLS.
  case encrypt

  static var reply: Disposition { .send(arena: false) }

  /// Holds the request until a key changes; then it is tried again, or goes on where it was.
  static func park(_ key: WaitKey) -> Disposition { .hold(HeldReply(until: .changed(key), then: .request)) }

  /// The reply is sent when no pages are being given back any more.
  static var afterTrim: Disposition { .hold(HeldReply(until: .givenBack, then: .send(arena: false, nil))) }

  /// The unfinished rest of a request.
  var rest: (any RequestTask)? {
    switch self {
    case .continue(let task), .wait(let task, _): task
    default: nil
    }
  }

  /// The held reply, or the held request.
  var held: HeldReply? {
    switch self {
    case .wait(_, let held), .hold(let held): held
    default: nil
    }
  }

  /// The held request; nil when only its reply waits.
  var pause: HeldReply? {
    guard let held else { return nil }
    if case .request = held.continuation { return held }
    return nil
  }
}

/// Counts and durations of requests, by type. Owned by the loop.
struct RequestMetrics {
  struct Entry {
    var errors: UInt64 = 0
    var durations = DurationHistogram()
  }

  private(set) var entries = [Entry](repeating: Entry(), count: RequestType.allCases.count)
  /// Messages that could not be dispatched.
  private(set) var malformed: UInt64 = 0

  mutating func record(_ index: Int, nanoseconds: UInt64, failed: Bool) {
    entries[index].durations.record(nanoseconds: nanoseconds)
    if failed { entries[index].errors &+= 1 }
  }

  mutating func recordMalformed() { malformed &+= 1 }
}

/// Time that the loop is busy between two waits for events: nobody is served meanwhile.
struct TurnMetrics {
  private(set) var durations = DurationHistogram()
  /// Nanoseconds of the longest turn.
  private(set) var longest: UInt64 = 0
  /// Units of work of the turn with most of them; the same requests count the same on every machine.
  private(set) var mostWork: UInt64 = 0

  mutating func record(nanoseconds: UInt64, work: UInt64) {
    durations.record(nanoseconds: nanoseconds)
    longest = max(longest, nanoseconds)
    mostWork = max(mostWork, work)
  }
}
