import StoreProtocol

/// Something the store does in steps, between which other clients are served.
///
/// A step ends when the work allowed is spent, see ``Store/work``. Nothing is assumed to be as the last step left it:
/// state that others may have changed is looked up again.
public protocol StoreTask<Value, Failure> {
  associatedtype Value
  associatedtype Failure: Error = StoreError

  /// Does some of it.
  ///
  /// - Returns: the result, nil when there is more to do.
  /// - Throws: the failure of the task, which ends it.
  mutating func step(_ store: Store) throws(Failure) -> Value?
}

/// A task whose result nobody waits for.
public struct Ignoring<Task: StoreTask>: StoreTask where Task.Failure == Never {
  private var task: Task

  public init(_ task: Task) { self.task = task }

  public mutating func step(_ store: Store) -> Void? { task.step(store) == nil ? nil : () }
}

extension StoreTask {
  /// Does all of it at once.
  ///
  /// - Throws: the error of a step.
  public consuming func finish(_ store: Store) throws(Failure) -> Value {
    let limit = store.work.allowAll()
    defer { store.work.restore(limit) }
    while true {
      if let value = try step(store) { return value }
    }
  }
}

/// Work done for clients, in units of roughly a nanosecond: the cost of looking at a byte.
///
/// It is counted where it is done and not measured, so that the same requests always count the same.
public struct Work: Sendable {
  /// Units since the store was made.
  public private(set) var done: UInt64 = 0
  /// Units at which a task in steps is to rest.
  private var limit: UInt64 = .max

  /// Lets tasks rest after so many more units.
  public mutating func allow(_ units: UInt64) { limit = done + units }

  /// Lets tasks go to their end, until ``restore(_:)`` is called with the limit that is returned.
  mutating func allowAll() -> UInt64 {
    defer { limit = .max }
    return limit
  }

  mutating func restore(_ old: UInt64) { limit = old }

  /// Whether the units allowed are used up.
  public var isSpent: Bool { done >= limit }

  /// Units still allowed, clamped to `Int`.
  public var rest: Int { isSpent ? 0 : Int(clamping: limit - done) }

  public mutating func spend(_ units: Int) { done += UInt64(units) }

  /// Finding or changing an entry of a table.
  public static let entry = 128
  /// Making or removing a blob or an object: several entries, and memory.
  public static let item = 1024
}
