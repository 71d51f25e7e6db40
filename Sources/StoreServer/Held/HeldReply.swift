import JSON
import StoreCore
import StoreProtocol

/// An answer that waits: its condition, its deadline, and the error and undoing if the condition does not come true.
///
/// The one way to wait in the server. A request handler returns one in its `Disposition`; the server keeps it in
/// ``HeldReplies``, and settles it when the condition holds, when it cannot hold any more, or at the deadline.
final class HeldReply {
  /// Event that has to happen first.
  enum Condition {
    /// The key changes: see `Store.takeChanges()`.
    case changed(WaitKey)
    /// The new blobs have pages.
    case populated(NewBlobs)
    /// No pages are being given back any more.
    case givenBack
    /// Everything written before is sent.
    case sent
    /// The password is checked.
    case checked
    /// The job of the disk worker with this number is done.
    case job(UInt64)
    /// The change set with this number is durable.
    case durable(UInt64)
    /// The fetch of blobs with this number is over.
    case pulled(UInt64)
    /// Others have answered the question with this number.
    case answered(UInt64)
    /// The question for more of a volume's quota with this number is answered.
    case granted(UInt64)
  }

  /// Action when the condition holds.
  enum Continuation {
    /// The reply, which is complete, is sent; then the descriptors it announces if wanted, then raw bytes.
    case send(arena: Bool, Transfer?)
    /// Raw bytes are moved.
    case transfer(Transfer)
    /// The request in the input buffer is handled again, or goes on where it was.
    case request
    /// Registering is finished.
    case registration(Login)
    /// The connection is closed.
    case close
  }

  let condition: Condition
  let continuation: Continuation
  /// Takes back work done in advance, when the condition does not come to hold.
  ///
  /// It is called although the client has gone.
  let undo: () -> Void
  /// Makes the error of the reply from the failure.
  let refusal: (StoreError) -> StoreError

  /// Time at which the wait ends, in monotonic nanoseconds, and the error for the client; without an error it goes on as
  /// if the condition held. Nil for never.
  ///
  /// The requests of the protocol have no time-outs, so only the server sets one, as for what another store has.
  var deadline: (time: UInt64, error: StoreError?)?
  /// The complete message, for ``Continuation/send(arena:_:)``.
  var reply: ByteWriter?
  /// The connection it belongs to; nil when the client has gone and only ``undo`` may be left to do.
  var connection: UInt64?
  /// Strikes at the deadline.
  var timer: TimerQueue<EventLoop.Timer>.Ticket?

  init(
    until condition: Condition, then continuation: Continuation,
    undo: @escaping () -> Void = {}, refusal: @escaping (StoreError) -> StoreError = { $0 }
  ) {
    self.condition = condition
    self.continuation = continuation
    self.undo = undo
    self.refusal = refusal
  }

  /// Whether it outlives its client, since the condition was not made for the client alone.
  var outlivesClient: Bool {
    if case .job = condition { return true }
    return false
  }
}

/// All held replies of a server, found by their conditions.
struct HeldReplies {
  private var all: [ObjectIdentifier: HeldReply] = [:]
  /// Replies that wait for a key, in the order in which they came.
  private var byKey: [WaitKey: [HeldReply]] = [:]
  private var byJob: [UInt64: HeldReply] = [:]
  private var byChange: [UInt64: [HeldReply]] = [:]
  private var byPull: [UInt64: [HeldReply]] = [:]
  private var byQuestion: [UInt64: [HeldReply]] = [:]
  private var byGrant: [UInt64: HeldReply] = [:]
  /// Replies that wait for the page worker, in the order in which they came.
  private(set) var onPages: [HeldReply] = []

  var count: Int { all.count }

  var isEmpty: Bool { all.isEmpty }

  /// Whether anybody waits for a key.
  var hasKeys: Bool { !byKey.isEmpty }

  func isAwaited(_ key: WaitKey) -> Bool { byKey[key] != nil }

  mutating func add(_ held: HeldReply) {
    all[ObjectIdentifier(held)] = held
    switch held.condition {
    case .changed(let key): byKey[key, default: []].append(held)
    case .populated, .givenBack: onPages.append(held)
    case .job(let job): byJob[job] = held
    case .durable(let number): byChange[number, default: []].append(held)
    case .pulled(let number): byPull[number, default: []].append(held)
    case .answered(let question): byQuestion[question, default: []].append(held)
    case .granted(let question): byGrant[question] = held
    case .sent, .checked: break
    }
  }

  /// - Returns: false when it is not there any more.
  mutating func remove(_ held: HeldReply) -> Bool {
    guard all.removeValue(forKey: ObjectIdentifier(held)) != nil else { return false }
    switch held.condition {
    case .changed(let key):
      byKey[key]?.removeAll { $0 === held }
      if byKey[key]?.isEmpty == true { byKey[key] = nil }
    case .populated, .givenBack: onPages.removeAll { $0 === held }
    case .job(let job): byJob[job] = nil
    case .durable(let number):
      byChange[number]?.removeAll { $0 === held }
      if byChange[number]?.isEmpty == true { byChange[number] = nil }
    case .pulled(let number):
      byPull[number]?.removeAll { $0 === held }
      if byPull[number]?.isEmpty == true { byPull[number] = nil }
    case .answered(let question):
      byQuestion[question]?.removeAll { $0 === held }
      if byQuestion[question]?.isEmpty == true { byQuestion[question] = nil }
    case .granted(let question): byGrant[question] = nil
    case .sent, .checked: break
    }
    return true
  }

  func contains(_ held: HeldReply) -> Bool { all[ObjectIdentifier(held)] != nil }

  func waiting(for job: UInt64) -> HeldReply? { byJob[job] }

  /// Those that wait for a change set.
  func waiting(forChange number: UInt64) -> [HeldReply] { byChange[number] ?? [] }

  /// Those that wait for a fetch of blobs, in the order in which they came.
  func waiting(forPull number: UInt64) -> [HeldReply] { byPull[number] ?? [] }
  /// Those that wait for an answer.
  func waiting(forAnswer question: UInt64) -> [HeldReply] { byQuestion[question] ?? [] }

  /// The one that waits for more of a quota.
  func waiting(forGrant question: UInt64) -> HeldReply? { byGrant[question] }

  /// Those that wait for one of the change sets up to a number, in the order of these.
  func waiting(forChangesUpTo number: UInt64) -> [HeldReply] {
    byChange.keys.filter { $0 <= number }.sorted().flatMap { byChange[$0] ?? [] }
  }

  /// Takes the replies that may go on when a key changes: all, in the order in which they came; of those that wait for
  /// a lock, the first, and the others wait on.
  mutating func wake(_ key: WaitKey) -> [HeldReply] {
    if case .lock = key { return byKey[key]?.first.map { [$0] } ?? [] }
    return byKey.removeValue(forKey: key) ?? []
  }
}
