import CLinux
import Glibc
import Logging
import StoreCore
import StoreProtocol
import Support

/// Child sessions: each ends with its last connection, or when nobody has connected in time.
///
/// A session cannot end with the connection that made it: the C++ client makes one, closes that connection and opens
/// another to the new session.
extension StoreServer {
  /// Opens the socket of a child session: `<socket>.S<id>`.
  ///
  /// - Throws: when who asks has too many.
  func openSocket(for session: Session, askedBy connection: Connection) throws(StoreError) -> String {
    let creator = Self.creator(connection)
    try sessions.requireRoom(for: creator)
    let path = handler.identity.socketPath(of: session.id)
    do throws(ProgramError) {
      let listener = try Listener.unix(
        path, mode: configuration.socketMode, group: configuration.socketGroup, session: session)
      connections.add(listener)
    } catch {
      throw StoreError(.ioError, error.description)
    }
    let timer = loop.after(UInt64(configuration.sessionGrace.nanoseconds), .session(session.id))
    sessions.add(session.id, of: creator, endedBy: timer)
    log.info("session \(session.id) is served on \(path), for \(creator)")
    return path
  }

  /// The maker to whom a session is counted.
  ///
  /// Processes in other containers all have the number 0 here, and count together by their users.
  private static func creator(_ connection: Connection) -> SessionLedger.Creator {
    guard connection.kind == .ipc else { return "host \(address(of: connection.file))" }
    var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 0, 0)
    guard clinux_peer_credentials(connection.file, &pid, &uid, &gid) == 0 else { return "a local process" }
    return pid > 0 ? "process \(pid)" : "user \(uid) of other containers"
  }

  /// Stops accepting on a session's socket and closes it with its last connection.
  func endSession(_ session: Session) {
    endingSessions.insert(session.id)
    for (token, listener) in listeners where listener.session === session {
      listener.removePath()
      connections.removeListener(token)
    }
    closeEndedSessions()
  }

  /// Ends the sessions whose last connection has gone, or has registered with another session.
  func endUnusedSessions() {
    for id in sessions.visited {
      guard let session = store.sessions[id], session.connections == 0, !endingSessions.contains(id) else { continue }
      endSession(session)
    }
    closeEndedSessions()
  }

  /// Ends a session to which nobody has connected in time.
  func endExpiredSession(_ id: UInt64) {
    guard sessions.isAwaited(id), let session = store.sessions[id] else { return }
    log.info("session \(id): nobody has connected to it in time")
    endSession(session)
  }

  private func closeEndedSessions() {
    for id in endingSessions {
      guard let session = store.sessions[id] else {
        endingSessions.remove(id)
        continue
      }
      guard session.connections == 0 else { continue }
      endingSessions.remove(id)
      if let timer = sessions.remove(id) { loop.timers.cancel(timer) }
      store.closeSession(session)
      log.info("session \(id) is closed")
    }
  }
}
