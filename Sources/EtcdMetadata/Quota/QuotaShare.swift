/// The part of one store in the quota of a volume. Pure: what others have written comes in, what is to be written
/// comes out, and how much the volume may take here.
///
/// Two rules keep the quota whatever gets lost or late. What is taken counts when it is known to be written; what is
/// given back is not used any more before the attempt to write it. A write compares the revision of what it was made
/// from, so that it cannot happen any more once another one is seen.
struct QuotaShare {
  /// What is to be done in etcd.
  enum Action: Equatable {
    /// Replace the record of a revision; 0 where there is none.
    case write(QuotaRecord, base: Int64)
    /// Read the record.
    case read
  }

  /// What became of an action.
  enum Outcome {
    case written(revision: Int64)
    /// The record as it is, with its revision, at a revision of etcd; it was changed by others, or was read.
    case found(QuotaRecord?, Int64, at: Int64)
    /// It may have happened or not.
    case unknown
  }

  /// What becomes of the blob that waits.
  enum Verdict: Equatable {
    case fits, waits, exceeds
  }

  /// How far others may have given the store up, so that what it had may be somebody else's.
  private enum Standing {
    case known, givenUp
    /// The record is to be read.
    case returning
    case reading
  }

  /// State of a change of the quota that this store makes.
  enum Resizing: Equatable {
    case none
    case wanted(UInt64)
    case done
    /// More than that is in use.
    case refused
  }

  let instance: UInt64
  /// The quota that the volume's document says: of a record where there is none, or where it is of an older document.
  var quota: UInt64
  /// The generation of that document.
  var generation: UInt64 = 0
  /// What is known of etcd.
  private(set) var record: QuotaRecord?
  /// Revision of the record; 0 where there is none.
  private var revision: Int64 = 0
  /// Revision of etcd at which the record was like that.
  private var seen: Int64 = 0
  /// The smallest grant among writes made from a revision that may still happen.
  private var pending: (base: Int64, granted: UInt64)?
  private(set) var isWriting = false
  /// Whether the action under way began before etcd lost its data.
  private var isOutdated = false

  /// Bytes of the blob that waits; 0 for none.
  private(set) var need: UInt64 = 0
  /// Number of the need at hand, of the one that was asked about last, and of the one that a want was written for.
  private var needNumber: UInt64 = 0
  private var asking: UInt64 = 0
  private var heard: UInt64 = 0
  private var wanted: (need: UInt64, round: UInt64) = (0, 0)

  private(set) var resizing = Resizing.none
  private var standing = Standing.known
  /// Whether etcd has lost its data and others may not have told yet what they use.
  var isSettling = false

  init(instance: UInt64, quota: UInt64) {
    self.instance = instance
    self.quota = quota
  }

  /// Bytes that the volume may take here.
  var held: UInt64 {
    guard standing == .known else { return 0 }
    let granted = record?.shares[instance]?.granted ?? 0
    return min(granted, pending?.granted ?? .max)
  }

  /// Whether others want what is not used here.
  var isAsked: Bool {
    guard let record else { return false }
    return record.shrinking != nil || !record.wants(without: instance).isEmpty || record.granted > record.quota
  }

  // MARK: - What happens

  /// Takes a record, or its absence, as it was at a revision of etcd.
  mutating func see(_ record: QuotaRecord?, _ revision: Int64, at seen: Int64) {
    guard seen >= self.seen else { return }
    if let pending, pending.base != revision { self.pending = nil }
    (self.record, self.revision, self.seen) = (record, revision, seen)
    if case .wanted(let bytes) = resizing, record?.quota == bytes, record?.shrinking == nil { resizing = .done }
  }

  /// Etcd has lost its data, and counts anew.
  mutating func forgetHistory() {
    (record, revision, seen, pending) = (nil, 0, 0, nil)
    isSettling = true
    isOutdated = isWriting
  }

  /// Others may give the store up from now on, or have done so: nothing is taken any more.
  mutating func suspend() { standing = .givenUp }

  /// The store is known again; what it has of the quota is to be read.
  mutating func resume() { if standing == .givenUp { standing = .returning } }

  /// Ends an action.
  mutating func finish(_ action: Action, _ outcome: Outcome) {
    isWriting = false
    if isOutdated {
      isOutdated = false
      if standing == .reading { standing = .returning }
      return
    }
    switch (outcome, action) {
    case (.written(let revision), .write(let record, _)): see(record, revision, at: revision)
    case (.found(let record, let revision, let seen), _): see(record, revision, at: seen)
    default:
      if standing == .reading { standing = .returning }
      return
    }
    heard = asking
    if standing == .reading { standing = .known }
  }

  /// A blob of so many bytes waits; 0 for none any more.
  mutating func setNeed(_ bytes: UInt64) {
    need = bytes
    needNumber += 1
  }

  mutating func beginResizing(to bytes: UInt64) { resizing = .wanted(bytes) }

  mutating func endResizing() { resizing = .none }

  /// Whether others may have given the store up.
  var isSuspended: Bool { standing != .known }

  /// Whether the blob that waits fits into what the store has now, or cannot fit, since what others have they use.
  func verdict(used: UInt64) -> Verdict {
    let goal = Self.goal(used, need)
    if goal <= held { return .fits }
    guard standing == .known, !isSettling else { return .waits }
    if goal > record?.quota ?? quota { return heard == needNumber ? .exceeds : .waits }
    guard let record, let share = record.shares[instance], let want = share.want, wanted == (needNumber, want.round)
    else { return .waits }
    let lacking = goal - min(goal, share.granted)
    return lacking > record.free && record.shrinking == nil
      && record.isAnswered(since: want.round, without: instance) ? .exceeds : .waits
  }

  // MARK: - What to do

  /// The next thing to do in etcd; nil for nothing, or while there is something under way.
  ///
  /// What the store gives back is not ``held`` any more from now on.
  /// - Parameters:
  ///   - used: bytes of the volume here.
  ///   - promised: bytes of a blob that was let in and is not among them yet.
  ///   - isReachable: whether a store gives signs of life; the wants of others are passed by.
  mutating func next(used: UInt64, promised: UInt64 = 0, isReachable: (UInt64) -> Bool = { _ in true }) -> Action? {
    guard !isWriting, standing != .givenUp else { return nil }
    if standing == .returning {
      standing = .reading
      return begin(.read)
    }
    guard record != nil || need > 0 || used > 0 || resizing != .none else { return nil }
    let former = record ?? QuotaRecord(quota: quota, generation: generation)
    var new = former
    followDocument(&new)
    var share = new.shares[instance] ?? QuotaRecord.Share()
    // What was taken from a store that was given up comes back, for what it has is there.
    share.granted = max(share.granted, used)
    // A blob that was let in may turn out to need nothing: that is told before others are refused.
    let kept = min(share.granted, Self.goal(used, promised))
    giveBack(&share, &new, kept, isFinal: promised == 0)
    new.shares[instance] = share
    resize(&new, &share, kept)
    new.shares[instance] = share
    let isRead = take(&share, new, used, isReachable)
    new.round = max(new.round, share.want?.round ?? 0)
    new.shares[instance] = share.isEmpty ? nil : share
    // Whether an attempt to give back still may happen shows with the next change.
    let isUnclear = pending != nil && need > 0 && Self.goal(used, need) > held
    guard new != former || isUnclear else { return isRead ? begin(.read) : nil }
    pending = (revision, min(share.granted, pending?.granted ?? .max))
    return begin(.write(new, base: revision))
  }

  private mutating func begin(_ action: Action) -> Action {
    isWriting = true
    asking = needNumber
    return action
  }

  /// Gives back what is not used, if somebody waits for it or a store that was given up has come back with what it has.
  private func giveBack(
    _ share: inout QuotaRecord.Share, _ record: inout QuotaRecord, _ kept: UInt64, isFinal: Bool
  ) {
    let others = record.wants(without: instance)
    let isFirst = share.want.map { mine in others.allSatisfy { mine.round < $0.want.round } } ?? false
    let isOverdrawn = record.granted > record.quota
    guard !others.isEmpty && !isFirst || record.shrinking != nil || isOverdrawn else { return }
    share.granted = kept
    if isFinal { share.answered = record.round }
  }

  /// Has the document decide where it is newer than what the record was made from: after a change of the quota the
  /// record is of the next generation before the document is.
  private func followDocument(_ record: inout QuotaRecord) {
    guard quota > 0, quota != record.quota, record.shrinking == nil, resizing == .none,
      let former = record.generation, former < generation
    else { return }
    (record.quota, record.generation) = (quota, generation)
  }

  /// Makes the quota larger at once, and smaller as soon as no more is granted.
  private mutating func resize(_ record: inout QuotaRecord, _ share: inout QuotaRecord.Share, _ kept: UInt64) {
    guard case .wanted(let bytes) = resizing, !isSettling else {
      if record.shrinking?.instance == instance { record.shrinking = nil }
      return
    }
    if let shrinking = record.shrinking, shrinking.instance != instance { return }
    if bytes >= record.quota || record.granted <= bytes {
      (record.quota, record.generation, record.shrinking) = (bytes, generation &+ 1, nil)
    } else if let shrinking = record.shrinking, shrinking.quota == bytes {
      guard record.isAnswered(since: shrinking.round, without: instance) else { return }
      record.shrinking = nil
      resizing = .refused
    } else {
      record.round += 1
      record.shrinking = QuotaRecord.Shrinking(quota: bytes, instance: instance, round: record.round)
      (share.granted, share.answered) = (kept, record.round)
    }
  }

  /// Takes what the blob that waits needs, or asks others for it.
  ///
  /// - Returns: whether the record has to be read before it can be refused.
  private mutating func take(
    _ share: inout QuotaRecord.Share, _ record: QuotaRecord, _ used: UInt64, _ isReachable: (UInt64) -> Bool
  ) -> Bool {
    let goal = Self.goal(used, need)
    guard need > 0, goal > share.granted, !isSettling else {
      share.want = nil
      return false
    }
    let others = record.wants(without: instance).filter { isReachable($0.instance) }
    let earlier = others.filter { other in share.want.map { other.want.round < $0.round } ?? true }
    let reserved = QuotaRecord.sum(
      earlier.map { $0.want.total - min($0.want.total, record.shares[$0.instance]?.granted ?? 0) })
    let available = record.free - min(record.free, reserved)
    let lacking = goal - share.granted
    if lacking <= available {
      let isAlone = others.isEmpty && record.shrinking == nil
      let ahead = min(max(Self.step(record.quota), lacking, share.granted / 4), (available - lacking) / 2)
      share.granted = goal + (isAlone ? ahead : 0)
      share.want = nil
    } else if goal <= record.quota {
      if let want = share.want, wanted == (needNumber, want.round) {
        share.want?.total = goal
      } else {
        share.want = QuotaRecord.Want(total: goal, round: record.round + 1)
        share.answered = record.round + 1
        wanted = (needNumber, record.round + 1)
      }
    } else {
      share.want = nil
      return heard != needNumber
    }
    return false
  }

  /// The grant with which a blob fits.
  private static func goal(_ used: UInt64, _ need: UInt64) -> UInt64 {
    let (goal, overflow) = used.addingReportingOverflow(need)
    return overflow ? .max : goal
  }

  /// Bytes that are taken at once, so that not every blob asks etcd; few where the quota is small.
  static func step(_ quota: UInt64) -> UInt64 { max(64 << 10, min(quota / 64, 1 << 30)) }
}
