import Glibc
import Logging
import StoreCore
import Support

/// Connections of other stores that go on in TLS.
extension StoreServer {
  /// Sends the reply, and continues a connection in TLS: under another descriptor, and unregistered.
  func encrypt(_ connection: Connection) {
    guard sendReply(to: connection) else { return }
    guard let tls, !connection.hasPendingOutput, connection.input.count == 0 else {
      return close(connection, because: "it does not wait for TLS")
    }
    let file = fcntl(connection.file, F_DUPFD_CLOEXEC, 0)
    let number = connection.number
    close(connection, because: "it goes on in TLS")
    guard file >= 0 else { return log.error("cannot encrypt a connection: \(errorText(errno))") }
    jobs.start {
      Result { () throws(ProgramError) in try tls.join(file, as: .owner) }
    } finish: { server, _, result in
      server.goOn(number, result)
    }
  }

  private func goOn(_ number: UInt64, _ result: Result<TLSBridge.Joint, ProgramError>) {
    do throws(ProgramError) {
      let file = try result.get().file
      _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK)
      guard !isStopping, let connection = connections.addEncrypted(file) else {
        Glibc.close(file)
        return
      }
      log.debug("client \(number) goes on as client \(connection.number)")
      countConnected(connection)
    } catch {
      log.warning("a store that asks for TLS is not served: \(error.description)")
    }
  }
}

extension Connections {
  /// Adds another store's connection whose bytes come out of TLS.
  ///
  /// - Returns: nil when there is no room for it; the descriptor stays the caller's.
  fileprivate func addEncrypted(_ file: CInt) -> Connection? {
    let share = buffers.share(of: nil)
    guard share.hasRoom(for: InputBuffer.usualCapacity) else { return nil }
    let connection = Connection(
      id: takeToken(), file: file, kind: .rpc, client: store.connect(to: store.root, label: "another store"),
      peer: "another store over TLS", buffers: share, of: buffers)
    connection.isEncrypted = true
    guard loop.poller.add(file, .reading, token: connection.id) else {
      store.disconnect(connection.client)
      return nil
    }
    add(connection)
    return connection
  }
}
