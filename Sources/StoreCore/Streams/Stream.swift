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
  /// The client that fills ``current``.
  weak var writer: Client?
  /// The client that wrote last, nil when it has gone.
  weak var producer: Client?
  /// The chunk that the last pull handed out; the next pull deletes it.
  var handedOut: ObjectID?
  var isDrained = false
  var isFailed = false
  /// Whether the client that wrote last went without stopping the stream, and nobody has gone on.
  var isAbandoned = false
  var isOpenForReading = false
  var isOpenForWriting = false
  /// Clients whose request is parked on the stream.
  var parkedReader: UInt64?
  var parkedWriter: UInt64?

  var isStopped: Bool { isDrained || isFailed }

  /// Whether somebody else is in the middle of a chunk.
  func isBeingWritten(byOthersThan client: Client?) -> Bool {
    guard let client, let writer, current != nil else { return false }
    return writer !== client
  }

  /// The volume that lists it, nil when its session does.
  var owner: VolumeUsage?

  init(owner: VolumeUsage?) { self.owner = owner }
}

/// Direction in which a stream is opened.
public enum StreamMode: UInt64, Sendable {
  case read = 1
  case write = 2
}

/// Frees the chunks of a stream that was taken out of its session.
struct StreamRemoval: StoreTask {
  typealias Failure = Never

  private let chunks: [ObjectID]
  private var next = 0
  private let session: Session
  private let client: Client
  private var deletion: Deletion?

  init(_ chunks: [ObjectID], in session: Session, by client: Client) {
    self.chunks = chunks
    self.session = session
    self.client = client
  }

  mutating func step(_ store: Store) -> Void? {
    while true {
      if deletion != nil {
        guard deletion?.step(store) != nil else { return nil }
        deletion = nil
      }
      guard next < chunks.count else { return () }
      if store.work.isSpent { return nil }
      let chunk = chunks[next]
      next += 1
      store.work.spend(Work.entry)
      if chunk.isBlob {
        store.removeBlob(chunk, in: session, by: client)
      } else {
        deletion = Deletion(
          [chunk], of: client.session, force: false, deep: true, isImplicit: false, by: client)
      }
    }
  }
}
