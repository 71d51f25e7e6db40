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
  /// What the last pull handed out, deleted by the next one.
  var handedOut: ObjectID?
  var isDrained = false
  var isFailed = false
  var isOpenForReading = false
  var isOpenForWriting = false
  /// Connections whose request is parked on the stream.
  var parkedReader: UInt64?
  var parkedWriter: UInt64?

  var isStopped: Bool { isDrained || isFailed }

  /// The volume that lists it, nil when its session does.
  var owner: Account?

  init(owner: Account?) { self.owner = owner }
}

/// How a stream is opened.
public enum StreamMode: UInt64, Sendable {
  case read = 1
  case write = 2
}
