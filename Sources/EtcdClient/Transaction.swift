import EtcdProtocol
import FoundationEssentials

/// Changes that happen together, if what is compared holds.
public struct Transaction: Sendable, Equatable {
  /// A fact about a key that must hold.
  public struct Comparison: Sendable, Equatable {
    /// What of the key is compared.
    public enum Target: Sendable, Equatable {
      case version(Int64)
      case createRevision(Int64)
      case modRevision(Int64)
      case value([UInt8])
      case lease(Int64)
    }

    /// How it must stand to what is given.
    public enum Relation: Sendable, Equatable {
      case equal, notEqual, greater, less
    }

    public var key: [UInt8]
    public var relation: Relation
    public var target: Target

    public init(key: [UInt8], _ relation: Relation, _ target: Target) {
      self.key = key
      self.relation = relation
      self.target = target
    }

    /// There is no such key.
    public static func isAbsent(_ key: [UInt8]) -> Comparison { .init(key: key, .equal, .createRevision(0)) }

    /// There is such a key.
    public static func exists(_ key: [UInt8]) -> Comparison { .init(key: key, .greater, .createRevision(0)) }

    /// The key was last changed at this revision, or is absent for 0.
    public static func isUnchanged(_ key: [UInt8], since revision: Int64) -> Comparison {
      .init(key: key, .equal, .modRevision(revision))
    }
  }

  /// One step. No two of a transaction may write the same key.
  public enum Operation: Sendable, Equatable {
    /// Sets a value, with a lease or (0) without.
    case put(key: [UInt8], value: [UInt8], lease: Int64 = 0)
    case delete(KeyRange)
    /// Reads keys; their values are left empty with `keysOnly`.
    case range(KeyRange, limit: Int = 0, keysOnly: Bool = false)
  }

  /// What became of one step.
  public enum Outcome: Sendable, Equatable {
    case put
    /// How many keys were deleted.
    case delete(Int)
    case range(RangeResult)
  }

  /// What became of all.
  public struct Result: Sendable, Equatable {
    /// Whether all comparisons held.
    public var succeeded: Bool
    /// Revision of the cluster afterwards; that of the changes if there were any.
    public var revision: Int64
    /// One for each operation of the branch that was taken.
    public var outcomes: [Outcome]
  }

  public var comparisons: [Comparison]
  /// Done when all comparisons hold.
  public var success: [Operation]
  /// Done otherwise.
  public var failure: [Operation]

  public init(if comparisons: [Comparison] = [], then success: [Operation], else failure: [Operation] = []) {
    self.comparisons = comparisons
    self.success = success
    self.failure = failure
  }

  /// Whether it changes nothing, whichever branch is taken.
  var isRead: Bool {
    (success + failure).allSatisfy { if case .range = $0 { true } else { false } }
  }
}

// MARK: - Messages

extension Transaction {
  var message: Etcdserverpb_TxnRequest {
    var message = Etcdserverpb_TxnRequest()
    message.compare = comparisons.map(\.message)
    message.success = success.map(\.message)
    message.failure = failure.map(\.message)
    return message
  }

  /// - Throws: `EtcdError.malformed` when the answer does not fit what was asked.
  func result(_ message: Etcdserverpb_TxnResponse) throws(EtcdError) -> Result {
    let operations = message.succeeded ? success : failure
    guard operations.count == message.responses.count else {
      throw .malformed("\(message.responses.count) results of \(operations.count) operations")
    }
    var outcomes: [Outcome] = []
    for (operation, response) in zip(operations, message.responses) {
      switch (operation, response.response) {
      case (.put, .responsePut): outcomes.append(.put)
      case (.delete, .responseDeleteRange(let deleted)): outcomes.append(.delete(Int(deleted.deleted)))
      case (.range, .responseRange(let found)): outcomes.append(.range(RangeResult(found)))
      default: throw .malformed("a result of another operation")
      }
    }
    return Result(succeeded: message.succeeded, revision: message.header.revision, outcomes: outcomes)
  }
}

extension Transaction.Comparison {
  fileprivate var message: Etcdserverpb_Compare {
    var message = Etcdserverpb_Compare()
    message.key = Data(key)
    message.result =
      switch relation {
      case .equal: .equal
      case .notEqual: .notEqual
      case .greater: .greater
      case .less: .less
      }
    switch target {
    case .version(let number): (message.target, message.targetUnion) = (.version, .version(number))
    case .createRevision(let number): (message.target, message.targetUnion) = (.create, .createRevision(number))
    case .modRevision(let number): (message.target, message.targetUnion) = (.mod, .modRevision(number))
    case .value(let bytes): (message.target, message.targetUnion) = (.value, .value(Data(bytes)))
    case .lease(let id): (message.target, message.targetUnion) = (.lease, .lease(id))
    }
    return message
  }
}

extension Transaction.Operation {
  fileprivate var message: Etcdserverpb_RequestOp {
    var message = Etcdserverpb_RequestOp()
    switch self {
    case .put(let key, let value, let lease): message.requestPut = .put(key, value, lease: lease)
    case .delete(let range): message.requestDeleteRange = .delete(range)
    case .range(let range, let limit, let keysOnly):
      message.requestRange = .range(range, limit: limit)
      message.requestRange.keysOnly = keysOnly
    }
    return message
  }
}

extension Etcdserverpb_PutRequest {
  static func put(_ key: [UInt8], _ value: [UInt8], lease: Int64) -> Self {
    var request = Self()
    request.key = Data(key)
    request.value = Data(value)
    request.lease = lease
    return request
  }
}

extension Etcdserverpb_DeleteRangeRequest {
  static func delete(_ range: KeyRange) -> Self {
    var request = Self()
    request.key = Data(range.start)
    request.rangeEnd = Data(range.end)
    return request
  }
}

extension Etcdserverpb_RangeRequest {
  static func range(_ range: KeyRange, limit: Int, revision: Int64 = 0) -> Self {
    var request = Self()
    request.key = Data(range.start)
    request.rangeEnd = Data(range.end)
    request.limit = Int64(limit)
    request.revision = revision
    return request
  }
}
