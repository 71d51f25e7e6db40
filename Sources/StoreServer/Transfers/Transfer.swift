import JSON
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Raw bytes of remote blobs that travel on a connection, outside of messages.
struct Transfer: Sendable {
  enum Direction: Sendable {
    case receive, send
  }

  let direction: Direction
  /// The bytes in memory, in the order they travel.
  let ranges: [ArenaBytes]
  /// Blobs to seal once they have arrived.
  let blobs: [ObjectID]
  /// The message that follows a receive.
  let closing: [UInt8]
}

extension StoreServer {
  /// Moves raw bytes once what was written before is sent.
  func begin(_ transfer: Transfer, on connection: Connection) {
    guard connection.hasPendingOutput else { return start(transfer, on: connection) }
    hold(HeldReply(until: .sent, then: .transfer(transfer)), of: connection)
  }

  /// Moves raw bytes on the transfer thread; what already arrived with the request is taken from the input.
  func start(_ transfer: Transfer, on connection: Connection) {
    var received: UInt64 = 0
    if transfer.direction == .receive {
      for range in transfer.ranges where connection.input.count > 0 {
        do throws(SharedMemoryError) {
          let bytes = connection.input.take(atMost: Int(clamping: range.length))
          try range.arena.write(bytes, at: range.offset)
          received += UInt64(bytes.count)
        } catch {
          return close(connection, because: "its bytes cannot be written: \(error)")
        }
      }
    }
    connection.state = .transferring(transfer)
    poller.remove(connection.file)
    transfers.start(transfer, file: connection.file, token: connection.id, alreadyReceived: received)
  }

  func finishTransfer(_ token: UInt64, _ succeeded: Bool) {
    guard let connection = connections[token], case .transferring(let transfer) = connection.state else { return }
    connection.state = .ready
    guard succeeded, !connection.isEvicted, poller.add(connection.file, .reading, token: token) else {
      return close(connection, because: "gone during a transfer")
    }
    store.now = unixMilliseconds()
    switch transfer.direction {
    case .receive: continueWork(with: SealTask(transfer, by: connection.client), for: connection)
    case .send:
      store.endSending(to: connection.client)
      store.work.allow(Self.slice)
      process(connection)
    }
  }
}
