import StoreCore
import StoreProtocol

/// Place in which changes of objects and names become durable.
///
/// The store makes a change at once and hands it out as part of a `ChangeSet` when its request ends; the reply leaves
/// when the backend says so. All calls come from the thread that owns the store.
public protocol MetadataBackend: AnyObject {
  /// Whether a change is durable as soon as it is made; then the store keeps none and hands none out.
  var isImmediate: Bool { get }

  /// Begins to make a change set durable, as a whole or not at all. Sets come in the order of their numbers.
  func write(_ set: ChangeSet)

  /// Takes over what others have changed since the last call.
  func takeChanges()

  /// Takes the verdicts on change sets since the last call.
  func takeVerdicts() -> [BackendVerdict]
}

/// Verdict on change sets.
public enum BackendVerdict: Sendable {
  /// Durability of all sets up to this number but those that were refused.
  case durable(upTo: UInt64)
  /// Failure to make one set durable, with the error for its client.
  case refused(UInt64, StoreError)
}

/// Metadata in the memory of the process alone: a change is as durable as it ever gets.
public final class EmbeddedBackend: MetadataBackend {
  private var written: UInt64 = 0
  private var acknowledged: UInt64 = 0

  public init() {}

  public var isImmediate: Bool { true }

  public func write(_ set: ChangeSet) { written = set.number }

  /// Does nothing: there are no others.
  public func takeChanges() {}

  public func takeVerdicts() -> [BackendVerdict] {
    if acknowledged == written { return [] }
    acknowledged = written
    return [.durable(upTo: written)]
  }
}

extension Store {
  /// Takes the verdicts of a backend.
  ///
  /// - Returns: the change sets that are undone with those that were refused, and the errors for their clients.
  public func settle(_ verdicts: [BackendVerdict]) -> [(number: UInt64, error: StoreError)] {
    var undone: [(number: UInt64, error: StoreError)] = []
    for verdict in verdicts {
      switch verdict {
      case .durable(let number): acknowledge(upTo: number)
      case .refused(let number, let error): undone += refuse(number).map { ($0, error) }
      }
    }
    return undone
  }
}
