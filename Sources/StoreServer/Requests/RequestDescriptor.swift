import StoreCore
import StoreProtocol

/// What the server knows of one type of request; the rows are in `RequestTable.swift`.
struct RequestDescriptor {
  /// What a request may touch, and so who may send it when.
  enum Access {
    /// Answered before the client has registered, too; changes nothing that the store holds.
    case anyone
    /// Only looks, gives up a claim or is about the daemon.
    case read
    /// Changes what the store holds: objects, blobs, names, streams, locks.
    case write
    /// Opens or ends sessions, which no client of a volume may: with the end of the sentence that tells it so.
    case session(StaticString)
    /// About volumes as such, for those who run the store.
    case volumes

    var writes: Bool {
      switch self {
      case .write, .session: true
      case .anyone, .read, .volumes: false
      }
    }
  }

  /// What a request may take of the heap, for good or while it is answered.
  enum HeapCost {
    /// Nothing that stays.
    case none
    /// Its list of ids, until it is answered.
    case ids
    /// Documents, whose fields become entries with two texts.
    case documents
    /// An entry in a table, or several.
    case entries
    /// A note of what the client was given.
    case grants
    /// All that is found, when that takes more than one step.
    case listing(Listing)
  }

  /// What a request that lists goes through.
  enum Listing {
    case objects, names
  }

  /// What is written of a request in the log of metrics.
  enum LogLines {
    case none
    /// How much memory is used.
    case memory
    /// A request for metadata, by what the original calls it.
    case data(StaticString)
    /// The same, and how much memory is used then.
    case dataAndMemory(StaticString)
  }

  typealias Handler = @Sendable (RequestHandler, Connection) throws(StoreError) -> Disposition

  let access: Access
  let heap: HeapCost
  let log: LogLines
  /// Reads the fields, calls the store and writes the reply. It captures nothing, so that calling it allocates nothing.
  let handler: Handler

  init(_ access: Access, heap: HeapCost = .none, log: LogLines = .none, _ handler: @escaping Handler) {
    self.access = access
    self.heap = heap
    self.log = log
    self.handler = handler
  }

  /// The rows in the order of `RequestType.allCases`, whose indices `RequestType.find` gives.
  static let all = RequestType.allCases.map { of($0) }
}
