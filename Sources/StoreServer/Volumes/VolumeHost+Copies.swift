import Logging
import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Snapshots and clones of volumes that other stores have, too: this store asks for them, and takes part in those of
/// others.
extension VolumeHost {
  /// Seconds after which a client hears that a copy is still being made; it goes on, and the same request finds it.
  private static let copyingPatience: UInt64 = 30

  /// The key by which requests about a snapshot of several stores follow each other. No volume has such an id.
  static func busyKey(snapshot id: String) -> String { "~snapshot/\(id)" }

  private var copies: (any SharedCopies)? { server.sharedVolumes?.copies }

  /// The document of a snapshot of several stores; nil for one of this store alone, or none.
  func sharedSnapshot(of id: String) -> SharedVolume? { copies?.snapshot(of: id) }

  /// Whether a volume of which a snapshot is wanted is on several stores; one that is not known here may be.
  func isSharedSource(_ id: String) -> Bool { store.volumes[id]?.isShared ?? isSharing }

  /// Whether a snapshot is on several stores; one that is not known here may be.
  func isShared(snapshot id: String) -> Bool { store.snapshots[id]?.isShared ?? isSharing }

  private var isSharing: Bool { server.sharedVolumes != nil && server.knowsPeers }

  // MARK: - Requests

  /// Keeps the contents of a volume on all stores that have it, as they are at one moment.
  ///
  /// - Parameter answer: gets the document before the reply is sent.
  /// - Throws: objectExists for another snapshot of that id, notImplemented for a store without others.
  func createSharedSnapshot(
    _ id: String, of source: String, attributes: [String: String], then answer: @escaping (SharedVolume) -> Void
  ) throws(StoreError) -> HeldReply {
    let shared = try requireSharing()
    if let other = store.snapshots[id], !other.isShared {
      throw StoreError(
        .objectExists,
        "snapshot '\(id)' exists already: it is one of volume '\(other.settings.source?.id ?? "")' of this store alone")
    }
    var settings = VolumeSettings(id: id)
    settings.locality = .cluster
    settings.attributes = attributes
    settings.source = VolumeSource(kind: .volume, id: source)
    var wish = store.sharedVolume(settings)
    wish.isFrozen = true
    let key = Self.busyKey(snapshot: id)
    let job = begin(key)
    shared.copies.copy(wish, as: .snapshot) { [weak self] result in
      guard let self else { return }
      switch result {
      case .failure(let error): end(job, key, error)
      case .success(let document):
        promote(document, .snapshot)
        answer(document)
        end(job, key, nil)
      }
    }
    return heldByCopying(job, "snapshot '\(id)'")
  }

  /// Opens a volume here that starts with a copy, which all stores make together.
  ///
  /// - Throws: notImplemented for settings that no copy can have, or a source of this store alone.
  func openSharedCopy(_ settings: VolumeSettings, of source: VolumeSource) throws(StoreError) -> HeldReply {
    let shared = try requireSharing()
    guard settings.scope == .volume else {
      throw StoreError(
        .notImplemented, "volume '\(settings.id)' has scope cluster and so cannot start with a copy: use scope volume")
    }
    if let local = store.volume(source.id, source.kind), !local.isShared {
      throw StoreError(
        .notImplemented,
        "volume '\(settings.id)' has locality cluster and cannot start with a copy of \(source.kind.rawValue) "
          + "'\(source.id)', which is on one store")
    }
    let id = settings.id
    let job = begin(id)
    shared.copies.copy(store.sharedVolume(settings), as: .volume) { [weak self] result in
      guard let self else { return }
      if case .failure(let error) = result { return end(job, id, error) }
      open(settings, job, shared)
    }
    return heldByCopying(job, "volume '\(id)'")
  }

  private func heldByCopying(_ job: UInt64, _ what: String) -> HeldReply {
    let held = HeldReply(until: .job(job), then: .request)
    held.deadline = (
      monotonicNanoseconds() + Self.copyingPatience * 1_000_000_000,
      StoreError(.serverNotReady, "\(what) is still being made: ask again")
    )
    return held
  }

  /// Deletes a snapshot on all stores.
  ///
  /// - Parameter answer: gets whether there was one, before the reply is sent.
  /// - Throws: notImplemented for a store without others.
  func deleteSharedSnapshot(_ id: String, then answer: @escaping (Bool) -> Void) throws(StoreError) -> HeldReply {
    let shared = try requireSharing()
    let key = Self.busyKey(snapshot: id)
    let job = begin(key)
    shared.copies.deleteSnapshot(id) { [weak self] result in
      guard let self else { return }
      switch result {
      case .failure(let error): end(job, key, error)
      case .success(let document):
        if let document { drop(snapshot: id, session: document.session) }
        answer(document != nil)
        end(job, key, nil)
      }
    }
    return held(by: job)
  }

  // MARK: - What others do

  /// Does this store's part.
  func take(_ news: SharedCopyNews) {
    switch news {
    case .advanced(let copy): advance(copy)
    case .ended(let session, let kind, let made):
      if let made {
        promote(made, kind)
      } else if store.isHolding(for: session) {
        store.abandonCopy(session)
        copies?.discard(session)
      }
    case .deleted(let id, let session): drop(snapshot: id, session: session)
    }
  }

  private func advance(_ copy: SharedCopy) {
    let session = copy.target.session
    switch copy.stage {
    case .holding:
      guard let wanted = copy.target.settings.source, let source = store.volume(wanted.id, wanted.kind),
        source.isShared,
        source.session.id == copy.source
      else { return }
      store.holdContents(of: source, for: session)
      copies?.tellHeld(copy)
    case .written:
      guard store.isHolding(for: session), let shared = server.sharedVolumes else { return }
      let target: Volume
      do throws(StoreError) { target = try store.openCopy(copy.target, copy.kind) } catch {
        log.error("\(copy.kind.rawValue) '\(copy.target.id)' is not copied: \(error.message)")
        return shared.copies.tellFilled(copy, bytes: nil)
      }
      shared.follow(target.session) { [weak self] failure in
        guard let self else { return }
        if let failure {
          log.warning("\(copy.kind.rawValue) '\(copy.target.id)' is not copied: \(failure.message)")
          return shared.copies.tellFilled(copy, bytes: nil)
        }
        store.fillCopy(target) { [weak self] filled in
          switch filled {
          case .success(let missing):
            // What was there when it was held is there still: the source lacks these, too.
            if missing > 0 {
              self?.log.info("\(copy.kind.rawValue) '\(copy.target.id)' lacks \(missing) blobs, as does its source")
            }
            shared.copies.tellFilled(copy, bytes: target.usage.used)
          case .failure(let error):
            self?.log.warning("\(copy.kind.rawValue) '\(copy.target.id)' is not copied: \(error.message)")
            shared.copies.tellFilled(copy, bytes: nil)
          }
        }
      }
    }
  }

  /// Shows a copy that is complete, if this store has a part of it.
  func promote(_ document: SharedVolume, _ kind: VolumeKind) {
    guard store.isHolding(for: document.session) else { return }
    guard let copy = store.promoteCopy(document, kind) else {
      copies?.discard(document.session)
      return
    }
    guard kind == .volume else {
      log.info(
        "snapshot \(copy.id) of volume \(copy.settings.source?.id ?? ""): this store has \(copy.usage.used) bytes")
      return noteSnapshots()
    }
    server.sharedQuotas?.adopt(copy)
    if busy.contains(copy.id) { unserved.insert(copy.id) } else { makeFiles(of: copy, begin(copy.id)) }
  }

  private func drop(snapshot id: String, session: UInt64) {
    guard let snapshot = store.snapshots[id], snapshot.isShared, snapshot.session.id == session else { return }
    store.deleteSnapshot(id)
    server.evictClients(of: snapshot)
    copies?.discard(session)
    log.info("snapshot \(id) is deleted")
    noteSnapshots()
  }

  // MARK: - Records

  /// The state of a snapshot on all stores.
  func record(ofSnapshot document: SharedVolume) -> VolumeRecord {
    var record = VolumeRecord(id: document.id, kind: .snapshot)
    record.locality = document.settings.locality
    record.attributes = document.settings.attributes
    record.source = document.settings.source?.id
    record.isFrozen = true
    record.created = document.created
    let contents = document.contents ?? SnapshotContents()
    (record.used, record.objects, record.names) = (contents.used, contents.objects, contents.names)
    let gone = contents.parts.keys.filter { store.instances[$0] == nil }.sorted()
    if !gone.isEmpty {
      let bytes = gone.reduce(UInt64(0)) { $0 + (contents.parts[$1] ?? 0) }
      record.condition = VolumeCondition(
        isAbnormal: true,
        message: "lost: \(bytes) of its \(contents.used) bytes were on stores that are gone (instance "
          + "\(gone.map(String.init).joined(separator: ", ")))")
    }
    return record
  }
}
