import KubernetesClient
import KubernetesObjects

/// The last known objects of a type, without their managed fields.
struct ObjectCache: Sendable {
  /// An object that came, changed or went.
  struct Change: Sendable, Equatable {
    let old: KubernetesObject?
    let new: KubernetesObject?
  }

  private(set) var objects: [ObjectKey: KubernetesObject] = [:]
  private var keysByOwner: [String: Set<ObjectKey>] = [:]
  /// Objects known from a write that the watch has not reported yet.
  private var unconfirmed: Set<ObjectKey> = []
  /// The latest version that the watch has reported.
  private var lastSeenVersion: UInt64 = 0

  /// The objects that a custom resource controls.
  func objects(ownedBy uid: String) -> [KubernetesObject] {
    (keysByOwner[uid] ?? []).sorted().compactMap { objects[$0] }
  }

  /// Takes over an event of the watch.
  ///
  /// - Returns: what is different from before.
  mutating func take(_ event: WatchEvent) -> [Change] {
    lastSeenVersion = event.objects.compactMap(\.version).reduce(lastSeenVersion, max)
    switch event {
    case .added(let object), .modified(let object): return put(object).map { [$0] } ?? []
    case .deleted(let object):
      let key = ObjectKey(object)
      guard let old = objects[key], !old.isNewer(than: object) else { return [] }
      set(nil, key)
      return [Change(old: old, new: nil)]
    case .replaced(let all):
      let left = Set(all.map { ObjectKey($0) })
      let gone = objects.keys.filter { !left.contains($0) }.sorted()
      let changes = gone.map { key in
        defer { set(nil, key) }
        return Change(old: objects[key], new: nil)
      }
      return changes + all.compactMap { put($0) }
    }
  }

  /// Takes over an object that a write has returned, so that the next decision knows of it. It counts as a change once
  /// the watch reports it.
  mutating func observeWrite(_ object: KubernetesObject) {
    let key = ObjectKey(object)
    // The response to a write may come after the watch has reported the object and its end, which it won't repeat.
    if objects[key]?.uid != object.uid, let version = object.version, version <= lastSeenVersion { return }
    if put(object) != nil { unconfirmed.insert(key) }
  }

  private mutating func put(_ object: KubernetesObject) -> Change? {
    var object = object
    object.tree["metadata", "managedFields"] = nil
    let key = ObjectKey(object)
    let old = objects[key]
    if let old, old.uid == object.uid {
      // What a write has returned may be ahead of the watch.
      if old.isNewer(than: object) { return nil }
      if old.resourceVersion == object.resourceVersion {
        return unconfirmed.remove(key) == nil ? nil : Change(old: old, new: object)
      }
    }
    unconfirmed.remove(key)
    set(object, key)
    return Change(old: old, new: object)
  }

  private mutating func set(_ object: KubernetesObject?, _ key: ObjectKey) {
    if let uid = objects[key]?.customResource?.uid {
      keysByOwner[uid]?.remove(key)
      if keysByOwner[uid]?.isEmpty == true { keysByOwner[uid] = nil }
    }
    objects[key] = object
    if object == nil { unconfirmed.remove(key) }
    if let uid = object?.customResource?.uid { keysByOwner[uid, default: []].insert(key) }
  }
}

extension KubernetesObject {
  /// Whether this is a later state of the same object; versions are compared as numbers, as all known servers make
  /// them (KEP-5504), and nothing is newer where they are none.
  fileprivate func isNewer(than other: KubernetesObject) -> Bool {
    guard let version, let others = other.version else { return false }
    return version > others
  }

  fileprivate var version: UInt64? { resourceVersion.flatMap { UInt64($0) } }
}

extension WatchEvent {
  fileprivate var objects: [KubernetesObject] {
    switch self {
    case .replaced(let objects): objects
    case .added(let object), .modified(let object), .deleted(let object): [object]
    }
  }
}
