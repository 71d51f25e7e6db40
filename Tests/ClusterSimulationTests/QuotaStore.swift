import EtcdClient
import SeededRandom

@testable import EtcdMetadata

/// One of the stores of a simulation: what its volume uses, and the blobs that wait.
struct QuotaStore {
  /// Blob that waits.
  struct Put {
    let size: UInt64
    let deadline: Int
    /// Whether the share knows of it.
    var isAsked = false
    var verdict: QuotaShare.Verdict?
  }

  var share: QuotaShare
  var blobs: [UInt64] = []
  var puts: [Put] = []
  /// When a change of the quota is given up.
  var resizeDeadline: Int?
  /// Whether it does not reach etcd.
  var isCut = false
  /// When it last did.
  var contact: Int
  /// Revision up to which it has followed.
  var position: Int64
  /// The message whose answer it waits for.
  var message: Int?

  init(instance: UInt64, quota: UInt64, at time: Int, position: Int64) {
    share = QuotaShare(instance: instance, quota: quota)
    contact = time
    self.position = position
  }

  var used: UInt64 { blobs.reduce(0, +) }
}

extension QuotaSimulation {
  // MARK: - Clients

  mutating func makeRequests() throws {
    for index in stores.indices where random.oneIn(6) {
      switch random.number(below: 8) {
      case 0..<4 where stores[index].puts.count < 3:
        let largest = random.oneIn(8) ? quota * 5 / 4 : quota / 4
        put(1 + random.next() % (largest + 1), on: index, within: 60 + random.number(below: 200))
      case 4..<7 where !stores[index].blobs.isEmpty:
        stores[index].blobs.remove(at: random.number(below: stores[index].blobs.count))
      case 7 where random.oneIn(10) && stores.allSatisfy({ $0.share.resizing == .none }):
        beginResizing(index)
      default: break
      }
    }
  }

  mutating func put(_ size: UInt64, on index: Int, within limit: Int) {
    stores[index].puts.append(QuotaStore.Put(size: size, deadline: time + limit))
  }

  private mutating func beginResizing(_ index: Int) {
    stores[index].share.beginResizing(to: quota / 2 + random.next() % quota)
    stores[index].resizeDeadline = time + 150
  }

  /// What a store does in a turn of its loop.
  mutating func work(_ index: Int) throws {
    while let put = stores[index].puts.first {
      if !put.isAsked, fits(put, on: index) {
        try make(put, on: index)
        continue
      }
      if !put.isAsked {
        stores[index].puts[0].isAsked = true
        stores[index].share.setNeed(put.size)
      }
      switch stores[index].share.verdict(used: stores[index].used) {
      case .fits: try make(put, on: index)
      case .exceeds:
        counts.refused += 1
        endFirstPut(of: index, .exceeds)
      case .waits where put.deadline <= time:
        counts.late += 1
        endFirstPut(of: index, .waits)
      case .waits:
        act(index)
        return
      }
    }
    endResizing(index)
    act(index)
  }

  private mutating func act(_ index: Int) {
    let reachable = Set(stores.filter { !$0.isCut }.map(\.share.instance))
    if let action = stores[index].share.next(used: stores[index].used, isReachable: reachable.contains) {
      send(action, from: index)
    }
  }

  private func fits(_ put: QuotaStore.Put, on index: Int) -> Bool {
    let (held, used) = (stores[index].share.held, stores[index].used)
    return used <= held && put.size <= held - used
  }

  private mutating func make(_ put: QuotaStore.Put, on index: Int) throws {
    guard fits(put, on: index) else { throw failure("a verdict lets \(put.size) bytes through that do not fit") }
    stores[index].blobs.append(put.size)
    counts.made += 1
    endFirstPut(of: index, .fits)
    // What a store has that was given up is nobody's until it comes back.
    let used = stores.filter { !$0.share.isSuspended }.reduce(0) { $0 + $1.used }
    let limit = max(quota, record?.quota ?? 0)
    guard used <= limit + excess else {
      throw failure("\(used) bytes are used of a quota of \(limit), \(excess) more were given up")
    }
  }

  private mutating func endFirstPut(of index: Int, _ verdict: QuotaShare.Verdict) {
    let put = stores[index].puts.removeFirst()
    lastVerdict = verdict
    if put.isAsked { stores[index].share.setNeed(0) }
  }

  private mutating func endResizing(_ index: Int) {
    switch stores[index].share.resizing {
    case .none: return
    case .done:
      quota = record?.quota ?? quota
      counts.resized += 1
    case .refused: break
    case .wanted: if stores[index].resizeDeadline ?? 0 > time { return }
    }
    stores[index].share.endResizing()
  }

  // MARK: - Checks

  /// What must hold at any time.
  func check() throws {
    guard let record else { return }
    for store in stores where !store.share.isSuspended {
      let (id, granted) = (store.share.instance, record.shares[store.share.instance]?.granted ?? 0)
      if store.share.held > granted {
        throw failure("store \(id) takes itself to have \(store.share.held) bytes, and has \(granted)")
      }
    }
    if record.granted > record.quota + excess, excess == 0 {
      throw failure("\(record.granted) bytes are granted of \(record.quota)")
    }
  }

  /// Ends the faults, and lets all that is under way come to its end.
  mutating func heal() throws {
    for index in stores.indices {
      stores[index].isCut = false
      stores[index].share.isSettling = false
      stores[index].puts = []
      stores[index].share.setNeed(0)
      stores[index].share.endResizing()
    }
    // The dead are missed, and late messages come.
    for _ in 0..<(40 * Self.silence) where !isQuiet { try tick(withFaults: false) }
    guard isQuiet else { throw failure("something goes on for ever") }
  }

  private var isQuiet: Bool {
    stores.allSatisfy { $0.message == nil && $0.puts.isEmpty && !$0.share.isSuspended } && messages.isEmpty
      && etcd.read(.prefix(layout.members)).count == stores.count
  }

  /// Nothing is left of what has ended, what is free can be had by everybody, and no more than that.
  mutating func checkTheEnd() throws {
    guard let end = record else { return }
    if end.shrinking != nil || end.shares.values.contains(where: { $0.want != nil }) {
      throw failure("a wish is left in \(end)")
    }
    for index in stores.indices {
      let used = stores.reduce(0) { $0 + $1.used }
      guard used <= end.quota else { continue }
      let free = end.quota - used
      if free > 0, try finish(put: max(free / 2, 1), on: index) != .fits {
        throw failure("a blob of \(max(free / 2, 1)) bytes does not fit, of \(free) that nobody uses: \(record as Any)")
      }
      if try finish(put: free - max(free / 2, min(free, 1)) + 1, on: index) != .exceeds {
        throw failure("a blob is not refused that goes beyond the quota: \(record as Any)")
      }
      stores[index].blobs = []
    }
  }

  private mutating func finish(put size: UInt64, on index: Int) throws -> QuotaShare.Verdict? {
    put(size, on: index, within: 1000)
    while !stores[index].puts.isEmpty { try tick(withFaults: false) }
    return lastVerdict
  }
}
