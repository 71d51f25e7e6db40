import CLinux
import Glibc
import JSON
import StoreCore
import StoreProtocol
import Support

/// Passwords are checked one at a time, on a thread of their own: a check takes as long as whoever made the file wanted.
extension StoreServer {
  func authenticate(_ connection: ClientConnection, username: String, password: String) {
    sessions.visit(connection.client.session.id)
    endUnusedSessions()
    guard passwords != nil else { return finishRegistration(connection, isAccepted: true) }
    let isPlausible =
      !username.isEmpty
      && [username, password].allSatisfy { $0.utf8.count <= PasswordFile.longestCredential && !$0.utf8.contains(0) }
    let login = Login(
      username: isPlausible ? username : "", password: isPlausible ? password : "",
      peer: peer(of: connection), frame: Array(handler.message.bytes))
    connection.state = .authenticating(login)
    poller.change(connection.file, .hangUp, token: connection.id)
    logins.add(connection.id, from: login.peer)
    checkNextPassword()
  }

  private func peer(of connection: ClientConnection) -> String {
    if connection.kind == .rpc { return Self.address(of: connection.file) }
    var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 0, 0)
    _ = clinux_peer_credentials(connection.file, &pid, &uid, &gid)
    return "uid \(uid) \(connection.client.volume?.id ?? "")"
  }

  /// The address of the other end, without its port.
  static func address(of file: CInt) -> String {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard getpeername(file, address, &length) == 0 else { return "?" }
        return numericHost(of: address, length)
      }
    }
  }

  /// Starts the next check if none is under way and one may be made.
  func checkNextPassword() {
    guard let passwords, !isCheckingPassword else { return }
    while let token = logins.next(monotonicNanoseconds()) {
      guard let connection = connections[token], case .authenticating(let login) = connection.state else { continue }
      isCheckingPassword = true
      let mailbox = mailbox
      let isStarted = startThread(named: "vineyard-auth") {
        let isAccepted = !login.username.isEmpty && passwords.admits(login.username, login.password)
        mailbox.post { $0.finishLogin(token, login, isAccepted: isAccepted) }
      }
      if isStarted { return }
      finishLogin(token, login, isAccepted: false)
    }
  }

  private func finishLogin(_ token: UInt64, _ login: Login, isAccepted: Bool) {
    isCheckingPassword = false
    logins.finish(login.peer, isAccepted: isAccepted, monotonicNanoseconds())
    if !isAccepted { log.warning("a wrong user or password from \(login.peer)") }
    defer { checkNextPassword() }
    guard let connection = connections[token], case .authenticating = connection.state else { return }
    connection.state = .ready
    poller.change(connection.file, .reading, token: token)
    login.frame.withUnsafeBytes { frame in
      // The register request is read again: others have used the parser meanwhile.
      _ = try? handler.message.parse(frame)
      finishRegistration(connection, isAccepted: isAccepted)
    }
    process(connection)
  }

  private func finishRegistration(_ connection: ClientConnection, isAccepted: Bool) {
    do throws(StoreError) {
      guard isAccepted else { throw StoreError(.connectionError, "IOError: Incorrect username and password") }
      _ = try handler.acceptRegistration(connection)
      endUnusedSessions()
    } catch {
      handler.reply.reply(error)
    }
    _ = sendReply(to: connection)
  }
}
