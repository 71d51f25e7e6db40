import Coordination
import EtcdClient
import JSON
import Logging
import MetadataBackend
import StoreProtocol

/// A copy that this store is to make with the others.
struct CopyWork: Sendable {
  let wish: SharedVolume
  let kind: VolumeKind
  /// This store, and the lease with which the copy is given up when the store is gone.
  let instance: UInt64
  let lease: Int64
  let parts: CopyParts
  /// Where stores are, for people.
  let places: [UInt64: String]
}

/// Makes a copy of a volume or snapshot of several stores: one cut, at a revision of etcd.
///
/// First all stores that have the source hold what they have of it. Then the cut is the revision of one more write of the
/// copy's key, so that all that was there then is held. The objects and names of that revision are written under the new
/// session, in transactions of bounded size, each of which compares that the copy goes on. Then the stores give the
/// session their blobs. The last transaction makes the document, and with it the copy is there, or never was.
struct CopyMaker {
  /// How long stores may take to hold what they have; clients of the driver wait a little longer.
  private static let holdingLimit: Duration = .seconds(3)
  /// How long all of it may take.
  private static let limit: Duration = .seconds(60)
  private static let backOff = BackOff(first: .milliseconds(50), longest: .seconds(1))

  let client: EtcdClient
  let layout: KeyLayout
  let work: CopyWork
  let log: Logger

  /// The source as it was found.
  private struct Source {
    let session: UInt64
    let key: [UInt8]
    let created: Int64
    /// The stores that have to take part.
    let holders: Set<UInt64>
  }

  /// What was written of the cut.
  private struct Written {
    var objects = 0
    var names = 0
    /// Stores that have objects of it.
    var owners: Set<UInt64> = []
    var revision: Int64 = 0
  }

  private var wish: SharedVolume { work.wish }
  private var session: UInt64 { wish.session }
  private var key: [UInt8] { layout.text(.copy(session)) }
  private var targetKey: [UInt8] { layout.text(work.kind == .snapshot ? .snapshot(wish.id) : .document(wish.id)) }
  private var what: String { "\(work.kind.rawValue) '\(wish.id)'" }

  func run() async -> Result<SharedVolume, StoreError> {
    let deadline = ContinuousClock.now + Self.limit
    do throws(StoreError) {
      return .success(try await make(deadline))
    } catch {
      await giveUp()
      guard let present = try? await existing(deadline) else { return .failure(error) }
      return Result { () throws(StoreError) in try requireAgreement(with: present) }
    }
  }

  private func make(_ deadline: ContinuousClock.Instant) async throws(StoreError) -> SharedVolume {
    let source = try await findSource(deadline)
    let begun = try await begin(source, deadline)
    let held = await work.parts.wait(for: Self.holdingLimit) { source.holders.isSubset(of: $0.keys) }
    let missing = source.holders.subtracting(held.keys)
    guard missing.isEmpty else { throw absence(of: missing) }
    let cut = try await cut(source, held, since: begun, deadline)
    let written = try await write(source, held, cut, deadline)
    let filled = await work.parts.wait(for: deadline - .now) { parts in
      held.keys.allSatisfy { parts[$0].map { $0.state != .held } ?? true }
    }
    let lost = Set(held.keys).subtracting(filled.keys)
    guard lost.isEmpty else { throw absence(of: lost) }
    for (instance, part) in filled where part.state != .filled {
      throw StoreError(
        .serverNotReady,
        part.state == .held
          ? "\(what) takes too long: \(place(instance)) has not finished its part (hint: try again)"
          : "\(what) cannot be made: \(place(instance)) cannot take its part, see its log (hint: try again)")
    }
    return try await finish(filled, written, deadline)
  }

  // MARK: - Steps

  private func findSource(_ deadline: ContinuousClock.Instant) async throws(StoreError) -> Source {
    guard let wanted = wish.settings.source else { throw StoreError(.invalid, "\(what) has no source") }
    let key = layout.text(wanted.kind == .snapshot ? .snapshot(wanted.id) : .document(wanted.id))
    let reading = Transaction(then: [
      .range(.key(key)), .range(.prefix(layout.places(of: wanted.id))), .range(.prefix(layout.places(of: wish.id))),
      .range(.prefix(layout.alive)),
    ])
    let found = try await send(reading, deadline).outcomes.flatMap { outcome -> [KeyValue] in
      guard case .range(let range) = outcome else { return [] }
      return range.pairs
    }
    guard let pair = found.first(where: { $0.key == key }) else {
      throw StoreError(.objectNotExists, "\(wanted.kind.rawValue) '\(wanted.id)' does not exist")
    }
    let document = try SharedVolume(pair.value)
    guard document.settings.scope == .volume else {
      throw StoreError(
        .notImplemented,
        "volume '\(wanted.id)' has scope cluster: its objects are those of all stores and cannot be copied alone")
    }
    var alive: Set<UInt64> = []
    var holders: Set<UInt64> = []
    var leaving: Set<UInt64> = []
    for pair in found {
      if case .alive(let instance)? = layout.parseCluster(pair.key) { alive.insert(instance) }
      guard case .open(let id, let instance)? = layout.parseVolume(pair.key) else { continue }
      if id == wish.id { leaving.insert(instance) }
      if wanted == VolumeSource(kind: .volume, id: id), PlaceRecord(pair.value)?.session == document.session {
        holders.insert(instance)
      }
    }
    // A place that a store still has in a former volume of that id must not become one in the new one.
    guard work.kind == .snapshot || leaving.isDisjoint(with: alive) else {
      throw StoreError(.serverNotReady, "\(what) is still being deleted on some stores (hint: try again)")
    }
    if let contents = document.contents {
      holders = Set(contents.parts.keys)
      let missing = holders.subtracting(alive)
      guard missing.allSatisfy({ work.places[$0] != nil }) else {
        throw StoreError(
          .objectNotExists,
          "snapshot '\(wanted.id)' is lost: a store that had a part of it is gone, and snapshots are memory")
      }
      guard missing.isEmpty else { throw absence(of: missing) }
    }
    // One that is not there has a part only if it has objects: that is looked at when they are read.
    return Source(
      session: document.session, key: key, created: pair.createRevision, holders: holders.intersection(alive))
  }

  private func begin(_ source: Source, _ deadline: ContinuousClock.Instant) async throws(StoreError) -> Int64 {
    let copy = SharedCopy(wish, kind: work.kind, source: source.session)
    let result = try await write(
      Transaction(
        if: [
          .isAbsent(targetKey), .isAbsent(key), .init(key: source.key, .equal, .createRevision(source.created)),
        ], then: [.put(key: key, value: copy.text, lease: work.lease)]), deadline)
    if let result { return result.revision }
    // An answer that was lost.
    if let pair = try await read(key, deadline), pair.value == copy.text { return pair.modRevision }
    throw StoreError(.serverNotReady, "\(what) is made already, or its source was deleted (hint: try again)")
  }

  /// - Returns: the revision at which everything is copied.
  private func cut(
    _ source: Source, _ held: [UInt64: PartRecord], since revision: Int64, _ deadline: ContinuousClock.Instant
  ) async throws(StoreError) -> Int64 {
    let copy = SharedCopy(wish, kind: work.kind, source: source.session)
    let there: [Transaction.Comparison] = held.keys.map { .exists(layout.text(.part(session, $0))) }
    let result = try await write(
      Transaction(
        if: there + [
          .isUnchanged(key, since: revision), .init(key: source.key, .equal, .createRevision(source.created)),
        ], then: [.put(key: key, value: copy.text, lease: work.lease)]), deadline)
    if let result { return result.revision }
    if let pair = try await read(key, deadline), pair.value == copy.text, pair.modRevision > revision {
      return pair.modRevision
    }
    throw StoreError(.serverNotReady, "\(what) cannot be made: its source, or a store that has it, has gone meanwhile")
  }

  /// Writes all that was there at the cut under the new session.
  private func write(
    _ source: Source, _ held: [UInt64: PartRecord], _ cut: Int64, _ deadline: ContinuousClock.Instant
  ) async throws(StoreError) -> Written {
    var written = Written()
    let former = layout.everything(of: source.session)
    let new = layout.everything(of: session)
    var pages = client.pages(of: .prefix(former), at: cut).makeAsyncIterator()
    while true {
      let page: RangeResult?
      do throws(EtcdError) { page = try await pages.next() } catch { throw VolumeWorker.refusal(error) }
      guard let page else { break }
      var operations: [Transaction.Operation] = []
      for pair in page.pairs {
        note(pair, in: &written)
        operations.append(.put(key: new + pair.key.dropFirst(former.count), value: pair.value))
      }
      let absent = written.owners.subtracting(held.keys)
      guard absent.isEmpty else { throw absence(of: absent) }
      for piece in TransactionRoom.pieces(of: operations) {
        let writing = Transaction(if: [.isUnchanged(key, since: cut)], then: Array(piece))
        guard try await write(writing, deadline) != nil else { throw givenUp }
      }
    }
    let copy = SharedCopy(wish, kind: work.kind, source: source.session, stage: .written)
    let stage = Transaction(
      if: [.isUnchanged(key, since: cut)], then: [.put(key: key, value: copy.text, lease: work.lease)])
    if let result = try await write(stage, deadline) {
      written.revision = result.revision
    } else if let pair = try await read(key, deadline), pair.value == copy.text {
      written.revision = pair.modRevision
    } else {
      throw givenUp
    }
    return written
  }

  private func note(_ pair: KeyValue, in written: inout Written) {
    guard let (_, found) = layout.parse(pair.key) else { return }
    switch found {
    case .object:
      written.objects += 1
      if let owner = Self.instance(pair.value) { written.owners.insert(owner) }
    case .field(_, "typename"): written.objects += 1
    case .field(_, "instance_id"): if let owner = JSONText.number(pair.value) { written.owners.insert(owner) }
    case .name: written.names += 1
    default: break
    }
  }

  /// The instance that has an object.
  private static func instance(_ text: [UInt8]) -> UInt64? {
    text.withUnsafeBytes { bytes in
      var found: UInt64?
      var scanner = JSONScanner(bytes)
      try? scanner.scanObject { key, value in
        if bytes.string(key) == "instance_id" { found = bytes.integer(value) }
      }
      return found
    }
  }

  private func finish(
    _ parts: [UInt64: PartRecord], _ written: Written, _ deadline: ContinuousClock.Instant
  ) async throws(StoreError) -> SharedVolume {
    var document = wish
    let contents = SnapshotContents(
      objects: written.objects, names: written.names,
      parts: parts.filter { $0.value.bytes > 0 || written.owners.contains($0.key) }.mapValues(\.bytes))
    let quota = wish.settings.quota
    guard quota == 0 || contents.used <= quota else {
      throw StoreError(
        .notEnoughMemory,
        "\(what) cannot start with \(wish.settings.source?.kind.rawValue ?? "") '\(wish.settings.source?.id ?? "")': that "
          + "has \(contents.used) bytes, the quota is \(quota)")
    }
    var operations: [Transaction.Operation] = [.delete(.prefix(layout.parts(of: session)))]
    if work.kind == .snapshot {
      document.contents = contents
    } else {
      for (instance, part) in parts {
        let use = SharedVolumeUse(used: part.bytes, objects: written.objects, names: written.names)
        let record = PlaceRecord(session: session, place: part.place, use: use)
        operations.append(.put(key: layout.text(.open(wish.id, instance)), value: record.text))
      }
      if quota > 0 {
        var record = QuotaRecord(quota: quota)
        for (instance, part) in parts where part.bytes > 0 {
          record.shares[instance, default: .init()].granted = part.bytes
        }
        operations.append(.put(key: layout.grants(of: wish.id, session: session), value: record.text))
      }
    }
    operations.insert(.put(key: targetKey, value: document.json), at: 0)
    let there: [Transaction.Comparison] = parts.keys.map { .exists(layout.text(.part(session, $0))) }
    let last = Transaction(
      if: there + [.isUnchanged(key, since: written.revision), .isAbsent(targetKey)], then: operations)
    if try await write(last, deadline) != nil { return document }
    if let pair = try await read(targetKey, deadline), pair.value == document.json { return document }
    throw givenUp
  }

  // MARK: - The end of an attempt

  /// Takes back what there is of the copy, unless it is complete.
  private func giveUp() async {
    let removal = Transaction(
      if: [.exists(key)], then: [.delete(.prefix(layout.parts(of: session)))] + layout.removal(of: session))
    // Without etcd it goes with the lease: then the other stores remove what is left.
    _ = try? await write(removal, .now + .seconds(5))
  }

  /// What another store has made meanwhile, if it is the same.
  private func existing(_ deadline: ContinuousClock.Instant) async throws(StoreError) -> SharedVolume? {
    guard let pair = try await read(targetKey, min(deadline, .now + .seconds(1))) else { return nil }
    return try SharedVolume(pair.value)
  }

  /// - Throws: objectExists for one of another source.
  private func requireAgreement(with present: SharedVolume) throws(StoreError) -> SharedVolume {
    let (source, wanted) = (present.settings.source?.id, wish.settings.source?.id)
    guard source == wanted else {
      throw StoreError(
        .objectExists, "\(what) exists already: it is one of '\(source ?? "")', not of '\(wanted ?? "")'")
    }
    return present
  }

  private var givenUp: StoreError {
    StoreError(
      .serverNotReady, "\(what) was given up: this store, or one with a part of it, has gone (hint: try again)")
  }

  private func absence(of instances: Set<UInt64>) -> StoreError {
    let stores = instances.sorted().map { place($0) }.joined(separator: ", ")
    return StoreError(
      .serverNotReady,
      "\(what) cannot be made: \(stores) \(instances.count == 1 ? "has" : "have") a part of its source and "
        + "\(instances.count == 1 ? "does" : "do") not answer (hint: try again when all stores are ready, or have been "
        + "given up)")
  }

  private func place(_ instance: UInt64) -> String { work.places[instance] ?? "instance \(instance), which is gone," }

  // MARK: - Etcd

  private func read(_ key: [UInt8], _ deadline: ContinuousClock.Instant) async throws(StoreError) -> KeyValue? {
    for case .range(let range) in try await send(Transaction(then: [.range(.key(key))]), deadline).outcomes {
      return range.pairs.first
    }
    return nil
  }

  /// - Returns: nil when a comparison does not hold, perhaps since an earlier try has happened.
  private func write(
    _ transaction: Transaction, _ deadline: ContinuousClock.Instant
  ) async throws(StoreError) -> Transaction.Result? {
    let result = try await send(transaction, deadline)
    return result.succeeded ? result : nil
  }

  private func send(
    _ transaction: Transaction, _ deadline: ContinuousClock.Instant
  ) async throws(StoreError) -> Transaction.Result {
    var failures = 0
    while true {
      do throws(EtcdError) {
        return try await client.transaction(transaction, within: .seconds(5))
      } catch {
        failures += 1
        guard error.mayPass, deadline > .now,
          (try? await Task.sleep(for: Self.backOff.delay(after: failures))) != nil
        else { throw VolumeWorker.refusal(error) }
      }
    }
  }
}

extension KeyLayout {
  /// The keys that live with the leases of stores.
  var alive: [UInt8] { cluster + Array("alive/".utf8) }
}
