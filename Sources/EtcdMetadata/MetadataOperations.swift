import EtcdClient
import StoreCore
import StoreProtocol

/// A change set in the form of keys and values.
struct KeyChanges: Sendable {
  let number: UInt64
  /// The last change of each key, in the order in which keys were first changed; a nil value deletes.
  private(set) var changes: [(key: [UInt8], value: [UInt8]?)] = []
  private var places: [[UInt8]: Int] = [:]

  init(number: UInt64) { self.number = number }

  mutating func set(_ key: [UInt8], _ value: [UInt8]?) {
    if let place = places[key] {
      changes[place].value = value
    } else {
      places[key] = changes.count
      changes.append((key, value))
    }
  }

  var operations: [Transaction.Operation] {
    changes.map { change in change.value.map { .put(key: change.key, value: $0) } ?? .delete(.key(change.key)) }
  }
}

/// What is known of what is in etcd, for deletions: a change says what goes, not what else was written with it.
struct PublishedKeys {
  /// Keys that belong to an object besides its own.
  private var companions: [ObjectID: Set<[UInt8]>] = [:]
  private var targets: [[UInt8]: ObjectID] = [:]

  mutating func add(_ key: [UInt8], to id: ObjectID) { companions[id, default: []].insert(key) }

  mutating func removeAll(of id: ObjectID) -> Set<[UInt8]> { companions.removeValue(forKey: id) ?? [] }

  mutating func point(_ name: [UInt8], to id: ObjectID?) -> ObjectID? {
    defer { targets[name] = id }
    return targets[name]
  }
}
