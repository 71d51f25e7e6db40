import CLinux
import Glibc
import JSON
import Logging
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// The sockets on which clients come, and the clients that have come.
final class Connections {
  private let loop: EventLoop
  private let store: Store
  private let buffers: BufferBudget
  private let log: Logger
  /// Connections by their tokens.
  private(set) var listeners: [UInt64: Listener] = [:]
  private var clients: [UInt64: ClientConnection] = [:]
  private var nextListener = EventLoop.Token.firstListener
  private var nextClient = EventLoop.Token.firstConnection
  /// Strikes when clients are accepted again; nil while they are.
  private var acceptTimer: TimerQueue<EventLoop.Timer>.Ticket?
  /// Clients that were closed at once because connections have no memory left.
  private(set) var refused: UInt64 = 0

  /// - Parameter buffers: what all connections may take for messages on their way.
  init(_ loop: EventLoop, _ store: Store, _ buffers: BufferBudget, log: Logger) {
    self.loop = loop
    self.store = store
    self.buffers = buffers
    self.log = log
  }

  subscript(token: UInt64) -> ClientConnection? { clients[token] }

  var count: Int { clients.count }

  var isEmpty: Bool { clients.isEmpty }

  /// The clients, which may go meanwhile.
  var values: [ClientConnection] { Array(clients.values) }

  // MARK: - Listeners

  func add(_ listener: Listener) {
    listeners[nextListener] = listener
    _ = loop.poller.add(listener.file, .reading, token: nextListener)
    nextListener += 1
  }

  /// Accepts no more clients on a socket.
  func removeListener(_ token: UInt64) {
    guard let listener = listeners.removeValue(forKey: token) else { return }
    loop.poller.remove(listener.file)
  }

  // MARK: - Clients

  /// Clients that are accepted in one go.
  private static let clientsAtOnce = 32

  /// Accepts the clients that wait.
  ///
  /// - Parameter welcome: called with each of them.
  func accept(on listener: Listener, _ welcome: (ClientConnection) -> Void) {
    for _ in 0..<Self.clientsAtOnce {
      let file = clinux_accept(listener.file)
      if file < 0 {
        if [EMFILE, ENFILE, ENOMEM].contains(-file) { pauseAccepting(because: errorText(-file)) }
        return
      }
      let share = buffers.share(of: listener.volume?.id)
      guard share.hasRoom(for: InputBuffer.usualCapacity) else {
        refused += 1
        Glibc.close(file)
        continue
      }
      if listener.kind == .rpc { Self.tuneTCP(file) }
      let peer = Self.describePeer(file, listener.kind)
      let client =
        listener.volume.map { store.connect(to: $0, label: peer.label, isReadOnly: listener.isReadOnly) }
        ?? store.connect(to: listener.session, label: peer.label)
      let connection = ClientConnection(
        id: nextClient, file: file, kind: listener.kind, client: client, peer: peer.text, buffers: share, of: buffers)
      nextClient += 1
      guard loop.poller.add(file, .reading, token: connection.id) else {
        store.disconnect(connection.client)
        Glibc.close(file)
        continue
      }
      clients[connection.id] = connection
      log.debug("client \(connection.number) connected: \(connection.peer)")
      welcome(connection)
    }
  }

  /// Leaves new clients waiting while the system has no room for them: until one goes, or a second has passed.
  private func pauseAccepting(because reason: String) {
    log.error("cannot accept a client: \(reason)")
    for listener in listeners.values { loop.poller.remove(listener.file) }
    if let acceptTimer { loop.timers.cancel(acceptTimer) }
    acceptTimer = loop.after(1_000_000_000, .accepting)
  }

  /// Accepts clients again after a pause.
  func resumeAccepting() {
    guard let timer = acceptTimer else { return }
    acceptTimer = nil
    loop.timers.cancel(timer)
    for (token, listener) in listeners { _ = loop.poller.add(listener.file, .reading, token: token) }
  }

  private static func tuneTCP(_ file: CInt) {
    var on: CInt = 1
    setsockopt(file, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<CInt>.size))
  }

  /// Description of the peer: a short one, and one for the log.
  private static func describePeer(_ file: CInt, _ kind: ClientConnection.Kind) -> (label: String, text: String) {
    guard kind == .ipc else { return ("a remote client", "rpc") }
    var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 0, 0)
    guard clinux_peer_credentials(file, &pid, &uid, &gid) == 0 else { return ("a local client", "ipc") }
    return ("pid \(pid)", "ipc pid \(pid) uid \(uid) gid \(gid)")
  }

  /// Forgets a client and closes its socket.
  ///
  /// - Returns: false when it is forgotten already.
  func remove(_ connection: ClientConnection) -> Bool {
    guard clients.removeValue(forKey: connection.id) != nil else { return false }
    loop.poller.remove(connection.file)
    Glibc.close(connection.file)
    resumeAccepting()
    return true
  }
}
