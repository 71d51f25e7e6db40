import StoreProtocol

/// Something the store does in steps, between which other clients are served.
///
/// A step ends when the work allowed is spent, see ``Store/work``. Nothing is assumed to be as the last step left it:
/// what others may have changed meanwhile is looked up again.
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
