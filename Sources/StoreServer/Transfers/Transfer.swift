import JSON
import StoreCore
import StoreProtocol

/// Raw bytes of remote blobs that travel on a connection, outside of messages.
struct Transfer: Sendable {
  enum Direction: Sendable {
    case receive, send
  }

  let direction: Direction
  /// Where the bytes lie in the arena, in the order they travel.
  let ranges: [ByteRange]
  /// Blobs to seal once they have arrived.
  let blobs: [ObjectID]
  /// The message that follows a receive.
  let closing: [UInt8]
}

/// A reply that waits for the page worker.
struct PageWait {
  /// What is to have pages first; without ranges the wait is for pages to be given back.
  let blobs: NewBlobs
  /// Holds the complete message.
  let reply: ByteWriter
  let sendsArena: Bool
  let transfer: Transfer?

  var isForTrim: Bool { blobs.ranges.isEmpty }
}
