import EtcdClient
import MetadataBackend
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// A store with volumes that others have, too: it does with them what `VolumeHost` does, without sockets.
final class SimulatedVolumes {
  /// A change of keys about volumes on its way.
  private struct Pending {
    let number: UInt64
    let work: VolumeQueue.Work
    /// What was decided after reading; nil before.
    var write: (transaction: Transaction, outcome: VolumeOperation.Outcome)?
  }

  /// What becomes of a message.
  enum Fate {
    case arrives, isLost, answerIsLost
  }

  let shared: SimulatedStore
  private(set) var busy: Set<String> = []
  private var doomed: [String: [UInt64]] = [:]
  private var pending: [Pending] = []
  /// Documents as the disk has them, which outlive the store.
  private(set) var disk: [String: SharedVolume]

  var store: Store { shared.store }
  private var volumes: EtcdVolumes { shared.backend.sharedVolumes }

  init(
    _ instance: UInt64, at place: String, disk: [String: SharedVolume], _ etcd: ModelEtcd, _ layout: KeyLayout,
    now: UInt64
  ) {
    self.disk = disk
    shared = SimulatedStore(instance, etcd, layout, now: now)
    store.setInstance(
      instance,
      InstanceRecord(hostID: 0, hostname: "", nodename: place, socketPath: "", rpcEndpoint: "", timestamp: 0))
    for (id, document) in disk.sorted(by: { $0.key < $1.key }) {
      guard let found = volumes.reopen(document), let volume = try? store.openVolume(found) else {
        self.disk[id] = nil
        continue
      }
      busy.insert(id)
      follow(volume)
    }
    volumes.beginServing()
  }

  /// Reads a volume that was open before, until it succeeds: a store that starts has read it before.
  private func follow(_ volume: Volume) {
    volumes.follow(volume.session) { [unowned self] failure in
      if failure == nil { end(volume.id) } else { follow(volume) }
    }
  }

  /// Whether nothing is under way.
  var isQuiet: Bool { pending.isEmpty && busy.isEmpty }

  /// The volume, if nothing else is under way with it.
  func volume(_ id: String) -> Volume? { busy.contains(id) ? nil : store.volumes[id] }

  // MARK: - Requests

  func open(_ id: String) {
    guard store.volumes[id] == nil, busy.insert(id).inserted else { return }
    var settings = VolumeSettings(id: id)
    settings.locality = .cluster
    volumes.open(store.sharedVolume(settings)) { [unowned self] result in
      guard case .success(let document) = result, let volume = try? store.openVolume(document) else { return end(id) }
      volumes.follow(volume.session) { [unowned self] failure in
        if failure == nil {
          disk[id] = volume.document
        } else {
          store.deleteVolume(id)
          volumes.leave(id, session: volume.session.id)
        }
        end(id)
      }
    }
  }

  func freeze(_ id: String, _ isFrozen: Bool) {
    guard volumes.document(of: id) != nil, busy.insert(id).inserted else { return }
    volumes.change(id, .freezing(isFrozen)) { [unowned self] result in
      if case .success(let document) = result { take(.changed(document)) }
      end(id)
    }
  }

  func delete(_ id: String) {
    guard volumes.document(of: id) != nil, busy.insert(id).inserted else { return }
    volumes.delete(id) { [unowned self] result in
      if case .success = result, let volume = store.volumes[id] { drop(volume) }
      end(id)
    }
  }

  private func drop(_ volume: Volume) {
    store.deleteVolume(volume.id)
    disk[volume.id] = nil
    volumes.leave(volume.id, session: volume.session.id)
  }

  private func end(_ id: String) {
    busy.remove(id)
    for session in doomed.removeValue(forKey: id) ?? [] { take(.deleted(id, session: session)) }
  }

  // MARK: - News

  func takeNews() {
    for news in volumes.takeNews() { take(news) }
    pending += shared.backend.volumeQueue.takeWorks().map { Pending(number: $0.0, work: $0.1) }
  }

  private func take(_ news: SharedVolumeNews) {
    switch news {
    case .changed(let document):
      guard let volume = store.volumes[document.id], volume.session.id == document.session,
        store.update(volume, to: document)
      else { return }
      if disk[document.id] != nil { disk[document.id] = volume.document }
    case .deleted(let id, let session):
      if busy.contains(id) {
        doomed[id, default: []].append(session)
      } else if let volume = store.volumes[id], volume.session.id == session {
        drop(volume)
      } else {
        volumes.leave(id, session: session)
      }
    }
  }

  func report() {
    var uses: [String: SharedVolumeUse] = [:]
    for volume in store.volumes.values {
      uses[volume.id] = SharedVolumeUse(used: volume.usage.used, objects: volume.objectCount)
    }
    volumes.report(uses, store.capacity)
  }

  // MARK: - Messages

  /// Goes on with one of the changes that are on their way.
  ///
  /// - Returns: false when there is none.
  func step(_ index: Int, _ etcd: inout ModelEtcd, _ layout: KeyLayout, _ fate: Fate) -> Bool {
    guard !pending.isEmpty else { return false }
    let index = index % pending.count
    switch pending[index].work {
    case .operation(let operation, let limit): step(index, operation, limit, &etcd, fate)
    case .contents(let session):
      if fate == .arrives {
        finish(index, .contents(.read(etcd, layout, .session(session))))
      } else {
        finish(index, .failure(StoreError(.ioError, "etcd is away")))
      }
    case .report(let transactions):
      if fate != .isLost { for transaction in transactions { _ = try? etcd.apply(transaction) } }
      finish(index, fate == .arrives ? .outcome(.nothing) : .failure(StoreError(.ioError, "etcd is away")))
    case .copy: finish(index, .failure(StoreError(.notImplemented, "copies are not simulated")))
    }
    return true
  }

  private func step(
    _ index: Int, _ operation: VolumeOperation, _ limit: Duration?, _ etcd: inout ModelEtcd, _ fate: Fate
  ) {
    guard let (transaction, outcome) = pending[index].write else {
      guard fate == .arrives else { return fail(index, limit) }
      let found = try? etcd.apply(Transaction(then: operation.ranges.map { .range($0) })).found
      switch operation.next(after: (found ?? []).flatMap { $0 }) {
      case .end(let outcome): finish(index, .outcome(outcome))
      case .write(let transaction, let outcome): pending[index].write = (transaction, outcome)
      }
      return
    }
    if fate == .isLost { return fail(index, limit) }
    let reply = try? etcd.apply(transaction)
    if fate == .answerIsLost { return fail(index, limit) }
    if reply?.succeeded == true { finish(index, .outcome(outcome)) } else { pending[index].write = nil }
  }

  /// It is tried again, or given up if somebody waits.
  private func fail(_ index: Int, _ limit: Duration?) {
    if limit == nil {
      pending[index].write = nil
    } else {
      finish(index, .outcome(.refused(StoreError(.ioError, "etcd is away"))))
    }
  }

  private func finish(_ index: Int, _ result: VolumeQueue.Result) {
    let number = pending.remove(at: index).number
    shared.backend.volumeQueue.report(number, result)
  }
}
