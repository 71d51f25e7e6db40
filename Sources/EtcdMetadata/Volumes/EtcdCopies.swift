import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

/// Snapshots and copies of volumes that several stores have, as etcd has them; the thread that owns the store calls
/// everything here.
final class EtcdCopies: SharedCopies {
  private unowned let volumes: EtcdVolumes
  private unowned let backend: EtcdBackend
  private(set) var snapshots: [String: SharedVolume] = [:]
  /// Copies under way, by the sessions that they get.
  private var copies: [UInt64: SharedCopy] = [:]
  /// Copies that were under way when everything began to be told anew.
  private var former: [UInt64: SharedCopy] = [:]
  /// What stores say of the parts of copies that this store makes.
  private var parts: [UInt64: CopyParts] = [:]
  private var news: [SharedCopyNews] = []

  init(_ volumes: EtcdVolumes, _ backend: EtcdBackend) {
    self.volumes = volumes
    self.backend = backend
  }

  // MARK: - What etcd has

  func take(_ key: VolumeKey, _ value: [UInt8]?) {
    switch key {
    case .snapshot(let id):
      let document = value.flatMap { try? SharedVolume($0) }
      if let known = snapshots[id], known.session != document?.session {
        news.append(.deleted(snapshot: id, session: known.session))
      }
      snapshots[id] = document
    case .copy(let session):
      guard let value else { return end(session) }
      guard let copy = SharedCopy(value), copies[session]?.stage != copy.stage else { return }
      copies[session] = copy
      news.append(.advanced(copy))
    case .part(let session, let instance): parts[session]?.set(instance, value.flatMap { PartRecord($0) })
    default: break
    }
  }

  /// Nobody goes on with a copy. What comes of it was written together with its end.
  private func end(_ session: UInt64) {
    guard let copy = copies.removeValue(forKey: session) else { return }
    noteEnd(of: copy)
  }

  private func noteEnd(of copy: SharedCopy) {
    let id = copy.target.id
    let made = copy.kind == .snapshot ? snapshots[id] : volumes.document(of: id)
    let session = copy.target.session
    news.append(.ended(session: session, copy.kind, made: made?.session == session ? made : nil))
  }

  /// Everything is told anew.
  func beginAnew() {
    former.merge(copies) { first, _ in first }
    (copies, snapshots) = ([:], [:])
  }

  /// Everything was told.
  ///
  /// - Parameter isContinued: whether what is missing was deleted; else etcd has lost its data.
  func endAnew(isContinued: Bool) {
    for (session, copy) in former where copies[session] == nil { noteEnd(of: copy) }
    former = [:]
    for snapshot in volumes.store.snapshots.values {
      guard let document = snapshot.document, snapshots[document.id]?.session != document.session else { continue }
      if isContinued {
        news.append(.deleted(snapshot: document.id, session: document.session))
      } else {
        volumes.start(.restoreSnapshot(document), limit: nil) { _ in }
      }
    }
  }

  func takeNews() -> [SharedCopyNews] {
    defer { news = [] }
    return news
  }

  // MARK: - Requests

  func snapshot(of id: String) -> SharedVolume? { snapshots[id] }

  func copy(
    _ wish: SharedVolume, as kind: VolumeKind, then answer: @escaping (Result<SharedVolume, StoreError>) -> Void
  ) {
    guard let lease = backend.membership?.leaseID else {
      return answer(.failure(StoreError(.serverNotReady, "this store is not known to others")))
    }
    let parts = CopyParts()
    self.parts[wish.session] = parts
    let places = Dictionary(
      uniqueKeysWithValues: volumes.store.instances.ascending.map { id, record in
        (id, "the store \(record.socketPath) on node '\(record.nodename)'")
      })
    let work = CopyWork(wish: wish, kind: kind, instance: volumes.own, lease: lease, parts: parts, places: places)
    volumes.start(.copy(work)) { [weak self] result in
      self?.parts[wish.session] = nil
      switch result {
      case .copy(let result): answer(result)
      case .failure(let error): answer(.failure(error))
      case .outcome, .contents: break
      }
    }
  }

  func tellHeld(_ copy: SharedCopy) { tell(copy.target.session, PartRecord(.held, place: volumes.place)) }

  func tellFilled(_ copy: SharedCopy, bytes: UInt64?) {
    let state = bytes == nil ? PartRecord.State.failed : .filled
    tell(copy.target.session, PartRecord(state, place: volumes.place, bytes: bytes ?? 0))
  }

  private func tell(_ session: UInt64, _ record: PartRecord) {
    guard let lease = backend.membership?.leaseID else { return }
    let key = volumes.layout.text(.part(session, volumes.own))
    let telling = Transaction(
      if: [.exists(volumes.layout.text(.copy(session)))], then: [.put(key: key, value: record.text, lease: lease)])
    // Whoever makes the copy gives up when it hears nothing.
    volumes.start(.report([telling])) { _ in }
  }

  func deleteSnapshot(_ id: String, then answer: @escaping (Result<SharedVolume?, StoreError>) -> Void) {
    volumes.start(.deleteSnapshot(id), limit: EtcdVolumes.limit) { outcome in
      switch outcome {
      case .volume(let document): answer(.success(document))
      case .nothing: answer(.success(nil))
      case .refused(let error): answer(.failure(error))
      }
    }
  }

  func discard(_ session: UInt64) { volumes.start(.discard(session), limit: nil) { _ in } }
}
