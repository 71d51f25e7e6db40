import EtcdClient
import StoreCore

/// The other stores, as far as their keys tell, and who of them is absent. Pure: keys and time in, verdicts out.
///
/// A store of ours is reachable while its lease holds; one without (a released daemon) while its `timestamp` changes.
/// Time counts only while etcd is heard of: whoever hears nothing judges nobody. What was counted before a gap stays
/// counted for a store whose lease had run out before, and after a long gap it gets some more time to come back.
struct PeerTable {
  /// A store whose records are to be removed.
  struct Absentee: Equatable {
    let id: UInt64
    /// Revision of its member record; 0 without one.
    let member: Int64
    /// Revision of its `timestamp`; 0 without one.
    let timestamp: Int64
  }

  /// A store that gives signs of life again or no more, or has no keys any more.
  struct Change: Equatable {
    let id: UInt64
    /// Without keys as if it had never been there: reachable.
    let state: InstanceState
    let isGone: Bool

    var text: String { "instance \(id) is \(isGone ? "not registered any more" : state.rawValue)" }
  }

  private struct Peer {
    var timestamp: Int64 = 0
    var fields: Set<String> = []
    /// The process and the revision of its record; nil for a released daemon.
    var member: (record: MemberRecord, revision: Int64)?
    var isAlive = false
    /// Time without a sign of life.
    var silence = Duration.zero

    var isKnown: Bool { !fields.isEmpty || member != nil || isAlive }
    /// Whether a lease says that it lives. A process that is there may be new to etcd for a moment only in part.
    var hasLease: Bool { member != nil || isAlive }

    /// Whether another look has found the same process, and no lease of it, either time.
    func isAbsentStill(since former: Peer) -> Bool {
      guard let member, let before = former.member, !isAlive, !former.isAlive else { return false }
      return member.record == before.record && member.revision == before.revision
    }
  }

  private let own: UInt64
  private let timing: MembershipTiming
  private let layout: KeyLayout
  private var peers: [UInt64: Peer] = [:]
  /// Time that was counted since something was heard below a prefix; etcd may have been silent meanwhile.
  private var unheard: [[UInt8]: Duration] = [:]
  /// How long the gap is or was in which nothing is heard.
  private var gap = Duration.zero
  /// The states that others know of.
  private var told: [UInt64: InstanceState] = [:]

  init(own: UInt64, _ layout: KeyLayout, _ timing: MembershipTiming) {
    self.own = own
    self.layout = layout
    self.timing = timing
  }

  // MARK: - Keys

  mutating func take(_ event: WatchEvent) {
    switch event {
    case .put(let pair): take(pair.key, pair)
    case .delete(let key, _): take(key, nil)
    }
  }

  private mutating func take(_ key: [UInt8], _ pair: KeyValue?) {
    if case .instance(let id, let field)? = layout.parse(key)?.key, id != own {
      if pair == nil { peers[id]?.fields.remove(field) } else { peers[id, default: Peer()].fields.insert(field) }
      if field == "timestamp" {
        peers[id]?.timestamp = pair?.modRevision ?? 0
        if peers[id]?.hasLease == false { peers[id]?.silence = .zero }
      }
    }
    switch layout.parseCluster(key) {
    case .member(let id) where id != own:
      guard let pair else {
        peers[id]?.member = nil
        break
      }
      peers[id, default: Peer()].member = (MemberRecord(pair.value) ?? .tombstone, pair.modRevision)
    case .alive(let id) where id != own:
      if pair == nil { peers[id]?.isAlive = false } else { peers[id, default: Peer()].isAlive = true }
      peers[id]?.silence = .zero
    default: break
    }
    peers = peers.filter(\.value.isKnown)
  }

  /// Takes all keys below a prefix, in place of those that were known.
  mutating func replace(below prefix: [UInt8], with pairs: [KeyValue]) {
    let former = peers
    unheard[prefix] = .zero
    for id in peers.keys {
      if prefix == layout.cluster {
        peers[id]?.member = nil
        peers[id]?.isAlive = false
      } else {
        peers[id]?.fields = []
        peers[id]?.timestamp = 0
      }
    }
    for pair in pairs { take(.put(pair)) }
    peers = peers.filter(\.value.isKnown)
    for (id, peer) in peers where former[id].map({ peer.isAbsentStill(since: $0) }) != true {
      peers[id]?.silence = .zero
    }
    limitSilence()
  }

  // MARK: - Time

  /// Time for which nothing may be heard until that is noticed.
  private var longestUnheard: Duration { timing.silence / 5 }

  /// What a store has at least, after a gap, to give a sign of life again: as long as the gap was, up to a limit, so that
  /// many short ones do not keep the dead.
  private var grace: Duration { min(gap, timing.silence / 3) }

  /// Something was heard of the keys below a prefix, if only that they have not changed.
  mutating func hear(of prefix: [UInt8]) { unheard[prefix] = .zero }

  /// Nothing is heard of the keys below a prefix for now: the time since something was heard does not count.
  mutating func interrupt(_ prefix: [UInt8]) {
    guard let time = unheard[prefix], time > .zero else { return }
    for (id, peer) in peers { peers[id]?.silence = peer.silence - min(time, peer.silence) }
    unheard = unheard.mapValues { $0 - min(time, $0) }
  }

  /// Goes on after a gap of which all events are still to come.
  mutating func resume() {
    for (id, peer) in peers where !peer.hasLease || peer.isAlive { peers[id]?.silence = .zero }
    limitSilence()
  }

  private mutating func limitSilence() {
    let limit = timing.silence - grace
    for (id, peer) in peers { peers[id]?.silence = min(peer.silence, limit) }
  }

  /// Lets time pass in which nothing is heard.
  mutating func passUnheard(_ time: Duration) { gap += time }

  /// Lets time pass in which etcd was heard of.
  mutating func pass(_ time: Duration) {
    gap = .zero
    for id in peers.keys { peers[id]?.silence += time }
    for prefix in [layout.cluster, layout.instances] {
      unheard[prefix] = min(unheard[prefix, default: .zero] + time, longestUnheard)
    }
  }

  private func state(of peer: Peer) -> InstanceState {
    if peer.hasLease { return peer.isAlive ? .reachable : .unreachable }
    return peer.silence < timing.silence ? .reachable : .unreachable
  }

  /// The states that have changed since the last call.
  mutating func takeStates() -> [Change] {
    var changes: [Change] = []
    for (id, peer) in peers where told[id] ?? .reachable != state(of: peer) {
      changes.append(Change(id: id, state: state(of: peer), isGone: false))
    }
    for id in told.keys where peers[id] == nil { changes.append(Change(id: id, state: .reachable, isGone: true)) }
    for change in changes { told[change.id] = change.isGone ? nil : change.state }
    return changes.sorted { $0.id < $1.id }
  }

  /// Stores that are absent for so long that this one is to remove what they had.
  ///
  /// The next one alive does it first; the others follow, one after the other, if it does not.
  var absentees: [Absentee] {
    peers.filter { id, peer in
      guard state(of: peer) == .unreachable else { return false }
      // Somebody has begun already, and should be done soon.
      let limit = peer.member?.record.isTombstone == true ? timing.silence / 6 : timing.silence
      return peer.silence >= limit + timing.tick * (2 * turn(for: id))
    }.map { id, peer in
      Absentee(id: id, member: peer.member?.revision ?? 0, timestamp: peer.timestamp)
    }.sorted { $0.id < $1.id }
  }

  /// Number of stores of ours that are to act before this one.
  private func turn(for absentee: UInt64) -> Int {
    let alive = peers.filter(\.value.isAlive).map(\.key) + [own]
    // In ascending order, from the one after the absentee on.
    let order = alive.sorted { ($0 &- absentee &- 1) < ($1 &- absentee &- 1) }
    return order.firstIndex(of: own) ?? 0
  }
}
