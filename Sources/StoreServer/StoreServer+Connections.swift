import CLinux
import Glibc
import JSON
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Clients that come, talk and go.
extension StoreServer {
  func add(_ listener: Listener) {
    listeners[nextListener] = listener
    _ = poller.add(listener.file, .reading, token: nextListener)
    nextListener += 1
  }

  /// Clients that are accepted in one go.
  private static let clientsAtOnce = 32

  func accept(on listener: Listener) {
    for _ in 0..<Self.clientsAtOnce {
      let file = clinux_accept(listener.file)
      if file < 0 {
        if [EMFILE, ENFILE, ENOMEM].contains(-file) { pauseAccepting(because: errorText(-file)) }
        return
      }
      let share = heap.buffers.share(of: listener.volume?.id)
      guard share.hasRoom(for: InputBuffer.usualCapacity) else {
        refusedClients += 1
        Glibc.close(file)
        continue
      }
      if listener.kind == .rpc { Self.tuneTCP(file) }
      let peer = Self.describePeer(file, listener.kind)
      let client =
        listener.volume.map { store.connect(to: $0, label: peer.label, isReadOnly: listener.isReadOnly) }
        ?? store.connect(to: listener.session, label: peer.label)
      let connection = ClientConnection(
        id: nextConnection, file: file, kind: listener.kind, client: client, peer: peer.text, buffers: share,
        of: heap.buffers)
      nextConnection += 1
      guard poller.add(file, .reading, token: connection.id) else {
        store.disconnect(connection.client)
        Glibc.close(file)
        continue
      }
      connections[connection.id] = connection
      sessions.visit(listener.session.id)
      count(connection, 1)
      log.debug("client \(connection.id - EventLoop.Token.firstConnection) connected: \(connection.peer)")
    }
  }

  /// Leaves new clients waiting while the system has no room for them: until one goes, or a second has passed.
  private func pauseAccepting(because reason: String) {
    log.error("cannot accept a client: \(reason)")
    for listener in listeners.values { poller.remove(listener.file) }
    if let acceptTimer { loop.timers.cancel(acceptTimer) }
    acceptTimer = loop.after(1_000_000_000, .accepting)
  }

  /// Accepts clients again after a pause.
  func resumeAccepting() {
    guard let timer = acceptTimer else { return }
    acceptTimer = nil
    loop.timers.cancel(timer)
    for (token, listener) in listeners { _ = poller.add(listener.file, .reading, token: token) }
  }

  private static func tuneTCP(_ file: CInt) {
    var on: CInt = 1
    setsockopt(file, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<CInt>.size))
  }

  /// Acknowledges at once what is only part of a message: the client sends header and body separately, and its system
  /// holds the body back until the header is acknowledged (40 ms by default).
  private static func acknowledge(_ connection: ClientConnection) {
    guard connection.isReady, connection.input.count > 0 else { return }
    var on: CInt = 1
    setsockopt(connection.file, CInt(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<CInt>.size))
  }

  /// Who is at the other end: in short, and with what the log shows.
  private static func describePeer(_ file: CInt, _ kind: ClientConnection.Kind) -> (label: String, text: String) {
    guard kind == .ipc else { return ("a remote client", "rpc") }
    var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 0, 0)
    guard clinux_peer_credentials(file, &pid, &uid, &gid) == 0 else { return ("a local client", "ipc") }
    return ("pid \(pid)", "ipc pid \(pid) uid \(uid) gid \(gid)")
  }

  private func count(_ connection: ClientConnection, _ change: Int) {
    switch connection.kind {
    case .ipc: handler.connectionCounts.ipc += change
    case .rpc: handler.connectionCounts.rpc += change
    }
    if change > 0 { metricsLog?.connected(connection.kind, handler.connectionCounts) }
  }

  /// Ends a connection and frees what only it kept.
  func close(_ connection: ClientConnection, because reason: String) {
    guard connections.removeValue(forKey: connection.id) != nil else { return }
    abandonHeld(of: connection)
    abandonWork(of: connection)
    poller.remove(connection.file)
    Glibc.close(connection.file)
    resumeAccepting()
    store.now = unixMilliseconds()
    store.disconnect(connection.client)
    count(connection, -1)
    log.debug("client \(connection.id - EventLoop.Token.firstConnection) gone: \(reason)")
    endUnusedSessions()
  }

  // MARK: - Reading and writing

  func serve(_ connection: ClientConnection, _ event: Poller.Event) {
    if connection.hasPendingOutput {
      if event.isWritable {
        continueSending(connection)
      } else if event.isHungUp {
        close(connection, because: "hung up")
      }
      return
    }
    guard connection.isReady else {
      // The transfer thread has the socket: what is left of an earlier wait is not for us.
      if case .transferring = connection.state { return }
      if event.isHungUp { close(connection, because: "hung up while waiting") }
      return
    }
    // One that is queued has enough to do: what it has sent since is read later.
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

  /// Tells a client that its message is too long for the memory that is left, and ends the connection.
  private func refuseMessage(_ connection: ClientConnection) {
    handler.reply.reply(
      StoreError(.notEnoughMemory, "the message is too long for the memory that the store has left for connections"))
    guard sendReply(to: connection) else { return }
    close(connection, because: "there is no memory for its message")
  }

  private func continueSending(_ connection: ClientConnection) {
    guard connection.flush(arena: arenaFile(for: connection)) else {
      return close(connection, because: "cannot be written to")
    }
    guard !connection.hasPendingOutput else { return }
    poller.change(connection.file, .reading, token: connection.id)
    if case .held(let held) = connection.state, case .sent = held.condition { return settle(held) }
    store.work.allow(Self.slice)
    process(connection)
  }

  private func arenaFile(for connection: ClientConnection) -> CInt {
    connection.client.isReadOnly ? arena.readOnlyFileDescriptor : arena.fileDescriptor
  }

  /// Sends the reply in the handler's writer.
  ///
  /// - Returns: false when the connection had to be closed.
  func sendReply(sendsArena: Bool = false, to connection: ClientConnection) -> Bool {
    send(&handler.reply, sendsArena: sendsArena, to: connection)
  }

  /// Sends a message.
  ///
  /// - Parameter message: replaced by another writer when the connection keeps it.
  /// - Returns: false when the connection had to be closed.
  func send(_ message: inout ByteWriter, sendsArena: Bool, to connection: ClientConnection) -> Bool {
    guard connection.send(&message, arena: sendsArena ? arenaFile(for: connection) : nil) else {
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
  func process(_ connection: ClientConnection) {
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

  private func answer(_ frame: UnsafeRawBufferPointer, from connection: ClientConnection) -> Disposition {
    let start = monotonicNanoseconds()
    var failure: StoreError?
    var found: (type: RequestType, index: Int)?
    var disposition = Disposition.reply
    do throws(StoreError) {
      found = try handler.read(frame, isRegistered: connection.isRegistered)
      if let (code, message) = handler.embeddedError {
        handler.reply.reply(code: code, message: message)
      } else if let found {
        var cost = try heap.admit(found.type, bytes: frame.count)
        disposition = try handler.handle(found.type, from: connection)
        if handler.reply.refusal != nil {
          takeBack(disposition)
          heap.countRefusal()
          try handler.reply.requireRoom()
        }
        if disposition.pause != nil, !mayWait(disposition) { throw Self.stopping }
        if let task = disposition.rest {
          if case .continue = disposition { cost += try listingCost(found.type, connection) }
          keep(task, frame, found, cost: cost, nanoseconds: monotonicNanoseconds() - start, from: connection)
          return disposition
        }
        // Counted once it is answered.
        if disposition.pause != nil { return disposition }
      }
    } catch {
      failure = error
      disposition = .reply
      handler.reply.reply(error)
    }
    record(found, nanoseconds: monotonicNanoseconds() - start, failure, connection)
    return disposition
  }

  /// Bytes of heap that a request takes which lists more than one step finds.
  func listingCost(_ type: RequestType, _ connection: ClientConnection) throws(StoreError) -> UInt64 {
    let session = connection.client.session
    switch type {
    case .listData: return try heap.admitListing(of: session.objectCount + session.blobCount)
    case .listName: return try heap.admitListing(of: session.nameCount)
    default: return 0
    }
  }

  /// Counts a request that is answered.
  func record(
    _ found: (type: RequestType, index: Int)?, nanoseconds duration: UInt64, _ failure: StoreError?,
    _ connection: ClientConnection
  ) {
    if let found {
      metrics.record(found.index, nanoseconds: duration, failed: failure != nil)
      metricsLog?.record(found.type, nanoseconds: duration, store)
    } else {
      metrics.recordMalformed()
    }
    if log.isVerbose {
      let name = found?.type.rawValue ?? "malformed request"
      let outcome = failure.map { "code \($0.code.rawValue): \($0.message)" } ?? "ok"
      log.debug("client \(connection.id - EventLoop.Token.firstConnection): \(name), \(duration / 1000) µs, \(outcome)")
    }
  }

  func apply(_ disposition: Disposition, to connection: ClientConnection) {
    switch disposition {
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
}
