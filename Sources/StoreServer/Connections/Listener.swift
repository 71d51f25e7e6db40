import CLinux
import Glibc
import Logging
import StoreCore
import Support

/// A socket that clients connect to.
final class Listener {
  let file: CInt
  let kind: Connection.Kind
  /// The session its clients get.
  let session: Session
  /// The volume its clients belong to, if to one.
  let volume: Volume?
  /// Whether its clients may only read.
  let isReadOnly: Bool
  /// Path of a Unix socket outside of volumes.
  let path: String?
  /// The file of a Unix socket.
  let identity: FileIdentity?

  private init(file: CInt, kind: Connection.Kind, session: Session, path: String?) {
    self.file = file
    self.kind = kind
    self.session = session
    self.path = path
    volume = nil
    isReadOnly = false
    identity = path.flatMap { FileIdentity(of: $0, in: AT_FDCWD) }
  }

  /// A socket of a volume.
  init(_ socket: VolumeSocket, of volume: Volume) {
    file = socket.file
    kind = .ipc
    session = volume.session
    path = nil
    self.volume = volume
    isReadOnly = socket.isReadOnly
    identity = socket.identity
  }

  deinit { close(file) }

  /// Listens on a Unix socket. Missing directories are made; a socket nobody accepts on is replaced.
  static func unix(
    _ path: String, mode: mode_t, group: gid_t?, session: Session
  ) throws(ProgramError) -> Listener {
    try removeStaleSocket(for: path)
    let file = try bound(try UnixSocketPath.address(path, flag: "--socket"), path, mode: mode)
    if let group, chown(path, uid_t.max, group) != 0 {
      let code = errno
      close(file)
      unlink(path)
      throw ProgramError.system("cannot give \(path) to group \(group)", errno: code)
    }
    let listener = Listener(file: file, kind: .ipc, session: session, path: path)
    try listener.listen()
    return listener
  }

  /// A socket with a name in the file tree.
  static func bound(_ address: UnixAddress, _ path: String, mode: mode_t) throws(ProgramError) -> CInt {
    let file = try socket()
    let code = address.bind(file, mode: mode)
    guard code == 0 else {
      close(file)
      throw ProgramError.system("cannot listen on \(path)", errno: code, hint: "choose a path with --socket")
    }
    return file
  }

  private static func socket() throws(ProgramError) -> CInt {
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let file = Glibc.socket(AF_UNIX, kind, 0)
    if file < 0 { throw ProgramError.system("cannot create a socket", errno: errno) }
    return file
  }

  /// Makes the directories of a socket path and removes a socket nobody accepts on.
  ///
  /// - Throws: when somebody does, or when something else is there.
  static func removeStaleSocket(for path: String) throws(ProgramError) {
    try UnixSocketPath.removeStaleSocket(for: path, flag: "--socket")
  }

  /// Takes a TCP port of an address, nil for every address of the machine. Clients are refused until it listens.
  static func tcp(host: String?, port: UInt16, session: Session) throws(ProgramError) -> Listener {
    let file: CInt
    if let host {
      file = try bound(host, port)
    } else {
      // A socket of IPv6 takes IPv4 as well, where the machine has IPv6 at all.
      do throws(ProgramError) { file = try bound("::", port) } catch { file = try bound("0.0.0.0", port) }
    }
    return Listener(file: file, kind: .rpc, session: session, path: nil)
  }

  private static func bound(_ host: String, _ port: UInt16) throws(ProgramError) -> CInt {
    let isV6 = host.contains(":")
    let file = Glibc.socket(
      isV6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if file < 0 { throw ProgramError.system("cannot create a socket", errno: errno) }
    var on: CInt = 1
    var off: CInt = 0
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
    if host == "::" { setsockopt(file, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<CInt>.size)) }
    guard bind(file, host, port, isV6) == 0 else {
      let code = errno
      close(file)
      throw ProgramError.system(
        "cannot listen on port \(port) of \(host)", errno: code,
        hint: "choose another with --rpc_socket_port or --rpc_host, or --norpc")
    }
    return file
  }

  /// bind(2) to a numeric address.
  private static func bind(_ file: CInt, _ host: String, _ port: UInt16, _ isV6: Bool) -> CInt {
    if isV6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return -1 }
      return bind(file, &address)
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return -1 }
    return bind(file, &address)
  }

  private static func bind<Address>(_ file: CInt, _ address: inout Address) -> CInt {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(file, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }

  /// Lets clients connect.
  func listen() throws(ProgramError) {
    guard Glibc.listen(file, SOMAXCONN) == 0 else {
      let code = errno
      throw ProgramError.system(
        "cannot listen on \(path ?? "port \(port)")", errno: code,
        hint: path == nil ? "choose another port with --rpc_socket_port, or --norpc" : nil)
    }
  }

  /// The port a TCP listener got.
  var port: UInt16 {
    // The port is at the same place in the addresses of IPv4 and IPv6.
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &length) }
    }
    return UInt16(bigEndian: address.sin6_port)
  }

  /// Whether something else, or nothing, is where the socket file was; false for a volume's, which its directory knows.
  var isDisplaced: Bool {
    guard let path, let identity else { return false }
    return identity != FileIdentity(of: path, in: AT_FDCWD)
  }

  /// Removes the socket file, unless another daemon has replaced it.
  func removePath() {
    guard let path, let identity, identity == FileIdentity(of: path, in: AT_FDCWD) else { return }
    unlink(path)
  }
}

/// Accepting of clients.
extension Connections {
  /// Clients that are accepted in one go.
  private static let clientsAtOnce = 32

  /// Accepts the clients that wait.
  ///
  /// - Parameter welcome: called with each of them.
  func accept(on listener: Listener, _ welcome: (Connection) -> Void) {
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
      let connection = Connection(
        id: takeToken(), file: file, kind: listener.kind, client: client, peer: peer.text, buffers: share, of: buffers)
      guard loop.poller.add(file, .reading, token: connection.id) else {
        store.disconnect(connection.client)
        Glibc.close(file)
        continue
      }
      add(connection)
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
  private static func describePeer(_ file: CInt, _ kind: Connection.Kind) -> (label: String, text: String) {
    guard kind == .ipc else { return ("a remote client", "rpc") }
    var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 0, 0)
    guard clinux_peer_credentials(file, &pid, &uid, &gid) == 0 else { return ("a local client", "ipc") }
    return ("pid \(pid)", "ipc pid \(pid) uid \(uid) gid \(gid)")
  }
}
