import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

/// del_data, with and without the ids of the deleted blobs.
struct DeleteTask: RequestTask {
  struct Options {
    var force = false
    var deep = false
    /// Whether freed pages are to be given back before the reply.
    var trims = false
    /// Deletes blobs whatever uses them.
    var isFast = false
    /// Whether the reply names the deleted blobs.
    var reports = false
  }

  private var reader: NumberListReader
  private let options: Options
  private let client: Client
  private let budget: any GrowthBudget
  /// Memory of a long plan, counted; most requests have none.
  private var plan: CountedPlan?
  private var ids: [ObjectID] = []
  /// Whether others were asked for what is not known here.
  private var isAsked = false
  private var checked = 0
  private var deletion: Deletion?
  private var blobs: [ObjectID]?
  private var written = 0

  init(_ reader: NumberListReader, _ options: Options, by connection: Connection) {
    self.reader = reader
    self.options = options
    client = connection.client
    budget = connection.buffers
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    if deletion == nil, blobs == nil {
      guard try read(store) else { return nil }
      if !isAsked, !options.isFast {
        isAsked = true
        let unknown = ids.filter { handler.isUnknown($0, client) }
        let places = unknown.map { MetadataPlace.object(session: client.session.id, $0) }
        if !places.isEmpty, let held = handler.ask(places, for: client) { return .hold(held) }
      }
      guard try begin(store) else { return nil }
    }
    if blobs == nil {
      let deleted = deletion?.step(store)
      // Nothing is deleted before all that goes is known.
      if deletion?.isPlanned == false { try count(deletion?.planBytes ?? 0) }
      guard let deleted else { return nil }
      deletion = nil
      blobs = deleted
      if options.reports {
        handler.reply.beginFrame()
        handler.reply.beginArray("deleted_bids")
      }
    }
    guard options.reports else {
      handler.reply.reply("del_data_reply")
      return finish(handler)
    }
    guard write(handler) else { return nil }
    handler.reply.endArray()
    handler.reply.type("del_data_with_feedbacks_reply")
    handler.reply.endFrame()
    return finish(handler)
  }

  private mutating func count(_ bytes: Int) throws(StoreError) {
    guard bytes > CountedPlan.usual else { return }
    let plan = plan ?? CountedPlan(within: budget)
    self.plan = plan
    try plan.count(bytes)
  }

  /// Reads the ids.
  ///
  /// - Returns: whether all are read.
  private mutating func read(_ store: Store) throws(StoreError) -> Bool {
    if ids.isEmpty {
      guard try store.read(&reader) else { return false }
      ids = reader.takeIDs()
    }
    return true
  }

  /// - Returns: whether the deletion has begun.
  private mutating func begin(_ store: Store) throws(StoreError) -> Bool {
    // Nothing is deleted when one of the ids is not a blob's.
    while options.isFast, checked < ids.count {
      if store.work.isSpent { return false }
      store.work.spend(4)
      try Store.requireBlobIDs(CollectionOfOne(ids[checked]))
      checked += 1
    }
    deletion =
      options.isFast
      ? Deletion(blobs: ids, by: client) : Deletion(ids, force: options.force, deep: options.deep, by: client)
    ids = []
    return true
  }

  /// The reply waits while freed pages are given back, if that was asked for.
  private func finish(_ handler: RequestHandler) -> Disposition {
    options.trims && handler.trimMemory() ? .afterTrim : .reply
  }

  private mutating func write(_ handler: RequestHandler) -> Bool {
    guard let blobs else { return false }
    while written < blobs.count {
      if handler.store.work.isSpent { return false }
      handler.store.work.spend(32)
      handler.reply.element(blobs[written].rawValue)
      written += 1
    }
    return true
  }

  func abandoned() -> (any StoreTask<Void, Never>)? { deletion.map { Ignoring($0) } }
}

/// Memory of the plan of a deletion beyond the allowance of every request, counted with the buffers of the connections
/// until the request ends.
private final class CountedPlan {
  private let budget: any GrowthBudget
  private var taken = 0
  /// Bytes that are not counted.
  static let usual = 64 << 10

  init(within budget: any GrowthBudget) { self.budget = budget }

  deinit { budget.give(back: taken) }

  /// - Throws: notEnoughMemory when there is no room for it.
  func count(_ bytes: Int) throws(StoreError) {
    guard bytes > taken else { return }
    guard budget.take(bytes - taken) else {
      throw StoreError(
        .notEnoughMemory,
        "\(bytes) bytes for the list of what is to be deleted do not fit into what the store has left for connections: "
          + "nothing is deleted; delete fewer at a time")
    }
    taken = bytes
  }
}
