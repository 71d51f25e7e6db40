import StoreCore
import StoreProtocol

/// Quotas of volumes that several stores have. Each store is granted parts of them, and asks for more when a blob needs
/// it: then the others give back what they do not use.
///
/// All calls come from the thread that owns the store.
public protocol SharedQuotas: AnyObject {
  /// How long a blob waits for more until it is refused.
  var patience: Duration { get }

  /// Counts since the start.
  var counts: QuotaCounts { get }

  /// Grants nothing any more while others may have given this store up; called before clients are served.
  func checkStanding()

  /// Tells others what a volume uses here that has got a quota.
  func adopt(_ volume: Volume)

  /// Asks for so much of a volume's quota that a blob fits.
  ///
  /// - Returns: the number of the question.
  func ask(for bytes: UInt64, of volume: Volume) -> UInt64

  /// Forgets a question, for which nobody waits any more.
  func withdraw(_ question: UInt64)

  /// Takes the answers since the last call.
  func takeAnswers() -> [QuotaAnswer]

  /// The reason why a question is not answered, as an error for who waits.
  func delay(of question: UInt64) -> StoreError

  /// Changes the quota of a volume, when no more is in use on all stores.
  ///
  /// - Parameters:
  ///   - document: what the volume was until now.
  ///   - answer: gets the error, if there is one.
  func resize(_ document: SharedVolume, to quota: UInt64, then answer: @escaping (StoreError?) -> Void)
}

/// Answer to a question for more of a quota.
public struct QuotaAnswer: Sendable {
  public let question: UInt64
  /// Reason why there is no more; nil when the store has been granted enough.
  public let refusal: StoreError?

  public init(question: UInt64, refusal: StoreError?) {
    self.question = question
    self.refusal = refusal
  }
}

/// Numbers about quotas since the start.
public struct QuotaCounts: Sendable {
  /// Blobs that waited for more of a quota, and those of them that were refused.
  public var questions: UInt64 = 0
  public var refusals: UInt64 = 0
  /// Bytes given back since others wanted them.
  public var recalledBytes: UInt64 = 0

  public init() {}
}
