import CLinux
import Glibc
import JSON
import Logging
import StoreCore
import StoreProtocol
import Support

/// A registration whose password is to be checked.
struct Login: Sendable {
  let claim: LoginQueue.Claim
  let password: String
  /// The request, which is answered when the check is done.
  let frame: [UInt8]
}

/// Passwords are checked one at a time, on a thread of their own: the hash in the file decides how long a check takes.
/// Meanwhile the reply to the registration is held; one to a wrong password waits for its deadline.
extension StoreServer {
  func authenticate(_ connection: Connection, username: String, password: String) {
    sessions.visit(connection.client.session.id)
    endUnusedSessions()
    guard passwords != nil || handler.registrationNeedsToken(connection) else { return answerRegistration(connection) }
    let isPlausible =
      !username.isEmpty
      && [username, password].allSatisfy { $0.utf8.count <= PasswordFile.longestCredential && !$0.utf8.contains(0) }
    let claim = LoginQueue.Claim(peer: peer(of: connection), user: isPlausible ? username : "")
    let login = Login(claim: claim, password: isPlausible ? password : "", frame: Array(handler.message.bytes))
    guard passwords != nil else { return hold(readToken(then: .registration(login)), of: connection) }
    hold(HeldReply(until: .checked, then: .registration(login)), of: connection)
    logins.add(connection.id, for: claim)
    checkNextPassword()
  }

  private func peer(of connection: Connection) -> String {
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

  /// Starts the next check if none is under way and one may be made; else a timer does when one may.
  func checkNextPassword() {
    guard let passwords, !isCheckingPassword else { return }
    let now = monotonicNanoseconds()
    while let token = logins.next(now) {
      guard let held = login(of: token), case .registration(let login) = held.continuation else { continue }
      isCheckingPassword = true
      let mailbox = mailbox
      let isStarted = startThread(named: "vineyard-auth") {
        let isAccepted = !login.claim.user.isEmpty && passwords.admits(login.claim.user, login.password)
        mailbox.post { $0.finishLogin(token, login.claim, isAccepted: isAccepted) }
      }
      if isStarted { return }
      finishLogin(token, login.claim, isAccepted: false)
      return
    }
    guard let time = logins.nextTime(now) else { return }
    if let passwordTimer { loop.timers.cancel(passwordTimer) }
    passwordTimer = loop.timers.add(at: time, .passwords)
  }

  /// The held registration of a connection whose password is not checked yet.
  private func login(of token: UInt64) -> HeldReply? {
    guard case .held(let held) = connections[token]?.state, case .checked = held.condition else { return nil }
    return held
  }

  private func finishLogin(_ token: UInt64, _ claim: LoginQueue.Claim, isAccepted: Bool) {
    isCheckingPassword = false
    let now = monotonicNanoseconds()
    let end = logins.finish(claim, isAccepted: isAccepted, now)
    if !isAccepted { log.warning("a wrong user or password from \(claim.peer)") }
    defer { checkNextPassword() }
    guard let held = login(of: token) else { return }
    if isAccepted { return settle(held) }
    let error = StoreError(.connectionError, "IOError: Incorrect username and password")
    guard end > now else { return settle(held, failure: error) }
    held.deadline = (end, error)
    held.timer = loop.timers.add(at: end, .deadline(held))
  }

  /// Finishes registering a client whose password is right. Its message is parsed again: the parser has read other
  /// messages meanwhile.
  func finishRegistration(_ login: Login, of connection: Connection) {
    login.frame.withUnsafeBytes { frame in
      _ = try? handler.message.parse(frame)
      if handler.registrationNeedsToken(connection) {
        return hold(readToken(then: .registration(login)), of: connection)
      }
      connection.state = .ready
      poller.change(connection.file, .reading, token: connection.id)
      answerRegistration(connection)
    }
    process(connection)
  }

  private func answerRegistration(_ connection: Connection) {
    defer { connection.adminToken = nil }
    do throws(StoreError) {
      _ = try handler.acceptRegistration(connection)
      endUnusedSessions()
    } catch {
      handler.reply.reply(error)
    }
    _ = sendReply(to: connection)
  }
}
