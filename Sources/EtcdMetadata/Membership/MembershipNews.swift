import StoreCore
import StoreProtocol
import Synchronization

/// What the tasks about instances have to say to the thread that owns the store.
enum MembershipNews: Sendable, Equatable {
  /// Others give signs of life again, or no more.
  case states([UInt64: InstanceState])
  /// What this store had in etcd may be gone; it is about to register again under its id.
  case returning
  /// It is registered again, since a revision; what it has is to be written again.
  case returned(revision: Int64)
  /// Somebody else has this store's id. Nil when that is over.
  case conflict(String?)
}

/// News on their way to the thread that owns the store.
final class MembershipInbox: Sendable {
  private struct State {
    var news: [MembershipNews] = []
    var wake: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Calls a function, on any thread, whenever there are news, and now if there are some.
  func connect(wake: @escaping @Sendable () -> Void) {
    let hasNews = state.withLock { state in
      state.wake = wake
      return !state.news.isEmpty
    }
    if hasNews { wake() }
  }

  func post(_ news: MembershipNews) {
    let wake = state.withLock { state in
      state.news.append(news)
      return state.wake
    }
    wake?()
  }

  func take() -> [MembershipNews] {
    state.withLock { state in
      defer { state.news = [] }
      return state.news
    }
  }
}

/// Whether others know of this store, seen by the thread that owns it: what it must not believe, and when to tell others
/// again of what it has. Pure.
struct Standing {
  /// The field of the record by which it is followed; it changes with each registration, and never between.
  static let mark = "hostid"

  /// The revision of the store's record, as far as the thread has followed; nil when it is gone.
  private var recorded: Int64?
  private var isReturning = false
  /// The revision at which the store has registered again, until the thread has followed to there.
  private var returned: Int64?

  init(recorded: Int64? = 0) { self.recorded = recorded }

  /// Revisions between which the store had no record, as far as the thread has followed; the last may be open.
  private var absences: [(first: Int64, end: Int64)] = []
  /// How many are kept: what is followed by itself lags behind little.
  private static let longest = 16

  /// Whether a deletion of what this store has means that the store was given up, not that somebody deleted it.
  var isGivenUp: Bool { recorded == nil || isReturning }

  /// Whether the store had been given up at a revision, which was told of by another watch than the store's record.
  ///
  /// - Parameters:
  ///   - followed: the revision up to which the record was followed.
  ///   - isCertain: whether nobody can have given the store up until now, but for what it has noticed.
  /// - Returns: nil when that is not known yet.
  func wasGivenUp(at revision: Int64, followed: Int64?, isCertain: Bool) -> Bool? {
    if let followed, followed < revision { return isCertain && !isGivenUp ? false : nil }
    return absences.contains { $0.first <= revision && revision < $0.end }
  }

  /// The record was written at a revision, or (nil) removed.
  ///
  /// - Parameter change: when that happened.
  mutating func setRecorded(_ revision: Int64?, at change: Int64) {
    recorded = revision
    let isOpen = absences.last?.end == .max
    if let revision {
      if isOpen { absences[absences.count - 1].end = max(revision, absences[absences.count - 1].first) }
    } else if !isOpen {
      absences.append((change, .max))
      if absences.count > Self.longest { absences.removeFirst() }
    }
  }

  mutating func beginReturn() { isReturning = true }

  mutating func endReturn(at revision: Int64) { returned = revision }

  /// Whether what the store has is to be written again now: everything that happened before it came back is known.
  mutating func takeDue() -> Bool {
    guard let returned, returned == recorded else { return false }
    self.returned = nil
    isReturning = false
    return true
  }
}

/// Writes again what a store has, after others have removed it or etcd has lost it: a few objects at a time, so that
/// clients are served between.
struct Republishing {
  /// Objects looked at in one step.
  private static let step = 64

  private let wake: @Sendable () -> Void
  /// The object to go on with; nil when there is nothing to do.
  private var next: ObjectID?
  /// The sessions that are left, the next one last.
  private var sessions: [UInt64] = []

  /// - Parameter wake: has the next step done soon.
  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  mutating func begin(_ store: Store) {
    sessions = store.sessions.values.filter(\.isShared).map(\.id).sorted(by: >)
    next = ObjectID(0)
  }

  /// Begins again with a session that is not done yet.
  ///
  /// - Returns: false when it is done.
  mutating func repeats(_ session: UInt64) -> Bool {
    guard next != nil, sessions.contains(session) else { return false }
    if sessions.last == session { next = ObjectID(0) }
    return true
  }

  mutating func step(_ store: Store) {
    guard let first = next else { return }
    if let session = sessions.last.flatMap({ store.sessions[$0] }), session.isShared {
      next = store.publishAgain(from: first, limit: Self.step, in: session)
    } else {
      next = nil
    }
    if next == nil {
      _ = sessions.popLast()
      if !sessions.isEmpty { next = ObjectID(0) }
    }
    if next != nil { wake() }
  }
}
