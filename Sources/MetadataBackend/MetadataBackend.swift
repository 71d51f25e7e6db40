import StoreCore
import StoreProtocol

/// Place in which changes of objects and names become durable.
///
/// The store makes a change at once and hands it out as part of a `ChangeSet` when its request ends; the reply leaves
/// when the backend says so. All calls come from the thread that owns the store.
public protocol MetadataBackend: AnyObject {
  /// Whether a change is durable as soon as it is made; then the store keeps none and hands none out.
  var isImmediate: Bool { get }

  /// The reason why the store should be given no work, for people; nil while there is none.
  var obstacle: String? { get }

  /// Ends the backend, and lets others know that the store goes. Takes a few seconds at most.
  func close()

  /// Begins to make a change set durable, as a whole or not at all. Sets come in the order of their numbers.
  func write(_ set: ChangeSet)

  /// Takes over what others have changed since the last call.
  func takeChanges()

  /// Takes the verdicts on change sets since the last call.
  func takeVerdicts() -> [BackendVerdict]

  /// Lets others see what the store has again, where it has undone change sets; called after each ``takeVerdicts()``.
  func withdraw(_ numbers: [UInt64])

  /// Asks for the latest of what others may have changed, before a request is answered.
  ///
  /// - Returns: the number of the question, which requests of the same turn share; nil when there are no others.
  func ask(_ places: [MetadataPlace]) -> UInt64?

  /// Takes the answers since the last call; by then the store has what was asked for.
  func takeAnswers() -> [BackendAnswer]

  /// Ends a turn of the loop: what it had to write and to ask is sent together.
  func endTurn()

  /// Volumes that other stores have, too; nil where there are no others.
  var volumes: (any SharedVolumes)? { get }

  /// Quotas of volumes that other stores have, too; nil where there are no others.
  var quotas: (any SharedQuotas)? { get }
}

extension MetadataBackend {
  public var volumes: (any SharedVolumes)? { nil }

  public var quotas: (any SharedQuotas)? { nil }
}

/// Something that others may change.
public enum MetadataPlace: Hashable, Sendable {
  case object(session: UInt64, ObjectID)
  case name(session: UInt64, String)
}

/// Verdict on change sets.
public enum BackendVerdict: Sendable {
  /// Durability of all sets up to this number but those that were refused.
  case durable(upTo: UInt64)
  /// Failure to make one set durable, with the error for its client. One that cannot be undone is still to be written.
  case refused(UInt64, StoreError)
}

/// End of a question.
public struct BackendAnswer: Sendable {
  public let question: UInt64
  /// False when nobody answered, so that the store has what it knew before.
  public let isHeard: Bool

  public init(question: UInt64, isHeard: Bool) {
    self.question = question
    self.isHeard = isHeard
  }
}

/// Metadata in the memory of the process alone: a change is as durable as it ever gets.
public final class EmbeddedBackend: MetadataBackend {
  private var written: UInt64 = 0
  private var acknowledged: UInt64 = 0

  public init() {}

  public var isImmediate: Bool { true }

  public var obstacle: String? { nil }

  public func close() {}

  public func write(_ set: ChangeSet) { written = set.number }

  /// Does nothing: there are no others.
  public func takeChanges() {}

  public func takeVerdicts() -> [BackendVerdict] {
    if acknowledged == written { return [] }
    acknowledged = written
    return [.durable(upTo: written)]
  }

  /// Does nothing: nothing is undone.
  public func withdraw(_ numbers: [UInt64]) {}

  public func ask(_ places: [MetadataPlace]) -> UInt64? { nil }

  public func takeAnswers() -> [BackendAnswer] { [] }

  public func endTurn() {}
}

extension Store {
  /// Takes the verdicts of a backend.
  ///
  /// - Returns: the change sets whose clients are to be told of an error: those that are undone with those that were
  ///   refused, and those that cannot be undone.
  public func settle(_ verdicts: [BackendVerdict]) -> [(number: UInt64, error: StoreError, isUndone: Bool)] {
    var failures: [(number: UInt64, error: StoreError, isUndone: Bool)] = []
    for verdict in verdicts {
      switch verdict {
      case .durable(let number): acknowledge(upTo: number)
      case .refused(let number, let error):
        let undone = refuse(number)
        failures += undone.isEmpty ? [(number, error, false)] : undone.map { ($0, error, true) }
      }
    }
    return failures
  }
}
