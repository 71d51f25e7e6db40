import Coordination
import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// Quotas of volumes that several stores have, as etcd has them; the thread that owns the store calls everything here.
final class EtcdQuotas: SharedQuotas {
  /// Blob that waits.
  private struct Question {
    let number: UInt64
    let bytes: UInt64
  }

  /// A change of a quota that somebody waits for.
  private struct Resizing {
    let deadline: ContinuousClock.Instant
    let answer: (StoreError?) -> Void
  }

  /// The part of this store in one quota.
  private struct Entry {
    let id: String
    let session: UInt64
    /// Nil while the volume is not open here.
    weak var volume: Volume?
    var share: QuotaShare
    var questions: [Question] = []
    /// The question that the share knows of.
    var asked: UInt64?
    var resizing: Resizing?
    /// A blob that was let in and is made in a moment: until when it counts, and what is used once it is made.
    var promised: (bytes: UInt64, until: ContinuousClock.Instant, used: UInt64)?
    /// Why nothing is written.
    var error: String?
    /// When the action under way began.
    var began = ContinuousClock.now

    var used: UInt64 { volume?.usage.used ?? 0 }
    /// Why nothing can be written for now.
    var obstacle: String? {
      if share.isSuspended { return "others may have given this store up while it heard nothing from etcd" }
      return share.isWriting && began + .seconds(1) < .now ? "etcd does not answer" : nil
    }
    var isIdle: Bool { promised == nil && questions.isEmpty && resizing == nil && !share.isAsked && !share.isSuspended }
  }

  /// How long a smaller quota may wait for what others give back; clients of the driver wait a little longer.
  private static let resizingLimit: Duration = .seconds(5)

  /// Time within which a blob that was let in should be made; it is not given back until then.
  private static let makingLimit: Duration = .milliseconds(100)

  let patience: Duration
  private(set) var counts = QuotaCounts()
  private unowned let backend: EtcdBackend
  private let queue: QuotaQueue
  private var store: Store { backend.store }
  private var entries: [[UInt8]: Entry] = [:]
  private var keys: [ObjectIdentifier: [UInt8]] = [:]
  /// Entries to be looked at when the turn ends.
  private var changed: Set<[UInt8]> = []
  private var actions: [UInt64: (key: [UInt8], action: QuotaShare.Action)] = [:]
  private var questions: [UInt64: [UInt8]] = [:]
  private var answers: [QuotaAnswer] = []
  private var last: UInt64 = 0
  private var isSuspended = false
  /// Until when stores tell what they use, after etcd has lost its data.
  private var settlesAt: ContinuousClock.Instant?

  init(_ backend: EtcdBackend, _ queue: QuotaQueue, patience: Duration) {
    self.backend = backend
    self.queue = queue
    self.patience = patience
  }

  // MARK: - What happens

  /// Takes a record, or its absence.
  func take(_ key: [UInt8], _ value: [UInt8]?, at revision: Int64) {
    guard entries[key] != nil else { return }
    entries[key]?.share.see(value.flatMap { QuotaRecord($0) }, value == nil ? 0 : revision, at: revision)
    changed.insert(key)
  }

  /// Etcd has lost its data: each store tells first what it uses.
  func forgetHistory(settlingFor time: Duration) {
    settlesAt = .now + time
    for key in entries.keys {
      entries[key]?.share.forgetHistory()
      changed.insert(key)
    }
  }

  func checkStanding() {
    guard let membership = backend.membership, !entries.isEmpty else { return }
    if membership.mayBeGivenUp || backend.standing.isGivenUp {
      if isSuspended { return }
      isSuspended = true
      for key in entries.keys {
        entries[key]?.share.suspend()
        grant(key)
      }
    } else if isSuspended, membership.isCertain {
      isSuspended = false
      for key in entries.keys {
        entries[key]?.share.resume()
        changed.insert(key)
      }
    }
  }

  private func takeResults() {
    for result in queue.takeResults() {
      guard let (key, action) = actions.removeValue(forKey: result.number), entries[key] != nil else { continue }
      entries[key]?.share.finish(action, result.outcome)
      entries[key]?.error = result.error
      changed.insert(key)
    }
  }

  // MARK: - Questions

  /// The entry of a volume, a new one the first time.
  private func key(of volume: Volume) -> [UInt8] {
    if let key = keys[ObjectIdentifier(volume)], entries[key]?.volume === volume { return key }
    forgetClosed()
    let key = entry(for: volume.id, volume.session.id, quota: volume.settings.quota, volume.generation)
    keys[ObjectIdentifier(volume)] = key
    entries[key]?.volume = volume
    return key
  }

  private func entry(for id: String, _ session: UInt64, quota: UInt64, _ generation: UInt64) -> [UInt8] {
    let key = backend.layout.grants(of: id, session: session)
    guard entries[key] == nil else { return key }
    var share = QuotaShare(instance: store.instances.local, quota: quota)
    share.generation = generation
    share.isSettling = settlesAt.map { $0 > .now } ?? false
    if isSuspended { share.suspend() }
    entries[key] = Entry(id: id, session: session, share: share)
    return key
  }

  /// Forgets volumes that the store has no more.
  private func forgetClosed() {
    for (key, entry) in entries where entry.volume == nil || store.volumes[entry.id] !== entry.volume {
      guard entry.resizing == nil else { continue }
      for question in entry.questions {
        answer(question.number, StoreError(.objectNotExists, "volume '\(entry.id)' was deleted"))
      }
      entries[key] = nil
    }
    keys = keys.filter { entries[$0.value] != nil }
  }

  func ask(for bytes: UInt64, of volume: Volume) -> UInt64 {
    let key = key(of: volume)
    last += 1
    counts.questions += 1
    entries[key]?.questions.append(Question(number: last, bytes: bytes))
    questions[last] = key
    changed.insert(key)
    return last
  }

  func withdraw(_ question: UInt64) {
    guard let key = questions.removeValue(forKey: question) else { return }
    entries[key]?.questions.removeAll { $0.number == question }
    changed.insert(key)
  }

  private func answer(_ question: UInt64, _ refusal: StoreError?) {
    guard let key = questions.removeValue(forKey: question) else { return }
    entries[key]?.questions.removeAll { $0.number == question }
    if refusal != nil { counts.refusals += 1 }
    answers.append(QuotaAnswer(question: question, refusal: refusal))
  }

  func takeAnswers() -> [QuotaAnswer] {
    takeResults()
    advance()
    defer { answers = [] }
    return answers
  }

  func delay(of question: UInt64) -> StoreError {
    guard let entry = questions[question].flatMap({ entries[$0] }) else {
      return StoreError(.notEnoughMemory, "there is no more quota")
    }
    let share =
      entry.share.held < entry.used ? "uses \(entry.used) bytes" : "may use \(entry.share.held) bytes"
    let text = "the store \(share) of the quota of volume '\(entry.id)', and has waited for more"
    if let error = entry.error ?? entry.obstacle {
      return StoreError(.ioError, "\(text) for \(patience.text): \(error)")
    }
    let record = entry.share.record
    let silent = record?.shares.keys.sorted().filter { store.instances.state(of: $0) != .reachable } ?? []
    let why =
      silent.isEmpty
      ? "other stores have not given back what they do not use"
      : silent.map { id in
        let node = store.instances[id].map { " on node '\($0.nodename)'" } ?? ""
        return "instance \(id)\(node) is not reachable and has \(record?.shares[id]?.granted ?? 0) bytes of it"
      }.joined(separator: ", ")
    return StoreError(.notEnoughMemory, "\(text) for \(patience.text): \(why)")
  }

  // MARK: - Resizing

  func resize(_ document: SharedVolume, to quota: UInt64, then answer: @escaping (StoreError?) -> Void) {
    let key = entry(for: document.id, document.session, quota: document.settings.quota, document.generation)
    takeDocument(key, quota: document.settings.quota, document.generation)
    entries[key]?.volume = store.volumes[document.id]
    guard entries[key]?.resizing == nil else {
      return answer(StoreError(.invalid, "the quota of volume '\(document.id)' is being changed"))
    }
    entries[key]?.resizing = Resizing(deadline: .now + Self.resizingLimit, answer: answer)
    entries[key]?.share.beginResizing(to: quota)
    changed.insert(key)
  }

  private func endResizing(_ key: [UInt8]) {
    guard let entry = entries[key], let resizing = entry.resizing else { return }
    let failure: StoreError?
    switch entry.share.resizing {
    case .wanted(let quota):
      guard resizing.deadline < .now else { return }
      failure =
        entry.error.map { StoreError(.ioError, "the quota of volume '\(entry.id)' cannot be changed: \($0)") }
        ?? StoreError(
          .notEnoughMemory,
          "volume '\(entry.id)' cannot have \(quota) bytes: other stores have not given back what they do not use")
    case .refused:
      failure = StoreError(
        .notEnoughMemory,
        "volume '\(entry.id)' cannot have less than \(entry.share.record?.granted ?? 0) bytes, which its objects on all "
          + "stores take")
    case .done, .none: failure = nil
    }
    entries[key]?.resizing = nil
    entries[key]?.share.endResizing()
    changed.insert(key)
    resizing.answer(failure)
  }

  func adopt(_ volume: Volume) {
    guard volume.usage.granted != nil else { return }
    changed.insert(key(of: volume))
  }

  // MARK: - A turn

  /// Sends what the turn has come to.
  func endTurn() {
    if !changed.isEmpty || settlesAt != nil { advance() }
    if !answers.isEmpty { queue.wakeUp() }
  }

  /// Does what is to be done now, with all entries that have changed or wait for something.
  func advance() {
    if let time = settlesAt, time <= .now {
      settlesAt = nil
      for key in entries.keys {
        entries[key]?.share.isSettling = false
        changed.insert(key)
      }
    }
    var open: Set<[UInt8]> = []
    while let key = changed.popFirst() {
      guard let entry = entries[key] else { continue }
      if let promised = entry.promised, promised.until <= .now || promised.used <= entry.used {
        entries[key]?.promised = nil
      }
      if let volume = entry.volume, store.volumes[entry.id] !== volume {
        forgetClosed()
        continue
      }
      settle(key)
      endResizing(key)
      act(key)
      grant(key)
      if entries[key]?.isIdle == false { open.insert(key) }
    }
    changed = open
  }

  /// Answers what can be answered, the questions one after the other.
  private func settle(_ key: [UInt8]) {
    while let entry = entries[key] {
      guard let question = entry.questions.first else {
        if entry.asked != nil {
          entries[key]?.asked = nil
          entries[key]?.share.setNeed(0)
        }
        return
      }
      if entry.asked != question.number {
        entries[key]?.asked = question.number
        entries[key]?.share.setNeed(question.bytes)
      }
      grant(key)
      switch entries[key]?.share.verdict(used: entry.used) {
      case .fits:
        entries[key]?.promised = (question.bytes, .now + Self.makingLimit, entry.used + question.bytes)
        answer(question.number, nil)
      case .exceeds: answer(question.number, refusal(of: question.bytes, entry))
      case .waits, nil: return
      }
      // What was let in is not counted yet.
      if entry.questions.count > 1, answers.last?.refusal == nil { return }
    }
  }

  private func refusal(of bytes: UInt64, _ entry: Entry) -> StoreError {
    guard let volume = entry.volume else { return store.unknownVolume(entry.id) }
    let record = entry.share.record
    var grants = record?.shares.mapValues(\.granted) ?? [:]
    grants[store.instances.local] = entry.used
    return store.quotaExceeded(
      bytes, by: volume, quota: record?.quota ?? entry.share.quota,
      grants: grants.sorted { $0.key < $1.key }.map { (instance: $0.key, bytes: $0.value) })
  }

  /// Takes over what the volume's document says by now.
  private func takeDocument(_ key: [UInt8], quota: UInt64, _ generation: UInt64) {
    guard let former = entries[key]?.share.generation, former <= generation else { return }
    entries[key]?.share.quota = quota
    entries[key]?.share.generation = generation
  }

  private func act(_ key: [UInt8]) {
    if let volume = entries[key]?.volume {
      takeDocument(key, quota: volume.settings.quota, volume.generation)
    }
    guard let entry = entries[key] else { return }
    let former = entry.share.held
    let isAsked = entry.share.isAsked
    let instances = store.instances
    guard
      let action = entries[key]?.share.next(
        used: entry.used, promised: entry.promised?.bytes ?? 0, isReachable: { instances.state(of: $0) == .reachable })
    else { return }
    if isAsked, let held = entries[key]?.share.held, held < former { counts.recalledBytes += former - held }
    last += 1
    entries[key]?.began = .now
    actions[last] = (key, action)
    let document = backend.layout.text(.document(entry.id))
    queue.start(
      QuotaQueue.Work(
        number: last, key: key, action: action,
        conditions: [.exists(document)] + (backend.membership.map { [$0.isThere] } ?? [])))
  }

  /// Lets the volume use what the store holds of the quota.
  private func grant(_ key: [UInt8]) {
    guard let entry = entries[key], let volume = entry.volume else { return }
    store.setGrant(of: volume, to: entry.share.held)
  }
}
