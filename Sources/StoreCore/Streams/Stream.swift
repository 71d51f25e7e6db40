import DequeModule
import StoreProtocol

/// A queue of chunks between one writer and one reader.
///
/// Chunks are blobs the writer fills in place, or objects it pushes. The state is local and never persisted.
final class Stream {
  /// Finished chunks nobody has pulled yet.
  var ready: Deque<ObjectID> = []
  /// The blob the writer is filling.
  var current: ObjectID?
  /// The connection that fills ``current``.
  weak var writer: Connection?
  /// The connection that wrote last, nil when it has gone.
  weak var producer: Connection?
  /// The chunk that the last pull handed out; the next pull deletes it.
  var handedOut: ObjectID?
  var isDrained = false
  var isFailed = false
  /// Whether the connection that wrote last went without stopping the stream, and nobody has gone on.
  var isAbandoned = false
  var isOpenForReading = false
  var isOpenForWriting = false
  /// Connections whose request is parked on the stream.
  var parkedReader: UInt64?
  var parkedWriter: UInt64?

  var isStopped: Bool { isDrained || isFailed }

  /// Whether somebody else is in the middle of a chunk.
  func isBeingWritten(byOthersThan connection: Connection?) -> Bool {
    guard let connection, let writer, current != nil else { return false }
    return writer !== connection
  }

  /// The volume that lists it, nil when its session does.
  var owner: Account?

  init(owner: Account?) { self.owner = owner }
}

/// Direction in which a stream is opened.
public enum StreamMode: UInt64, Sendable {
  case read = 1
  case write = 2
}
