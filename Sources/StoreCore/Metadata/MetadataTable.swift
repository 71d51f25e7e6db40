import StoreProtocol

/// The objects of a session with their dependency graph.
struct MetadataTable {
  private(set) var records: [ObjectID: MetadataRecord] = [:]
  /// Objects that have a member, by that member. Blobs are keys here too.
  private(set) var dependents: [ObjectID: Set<ObjectID>] = [:]
  /// The first living object with a signature, by signature.
  private var bySignature: [UInt64: ObjectID] = [:]
  /// Ids in ascending order, with gaps left by removed objects.
  private var order: ContiguousArray<ObjectID> = []

  var count: Int { records.count }

  subscript(id: ObjectID) -> MetadataRecord? { records[id] }

  func contains(_ id: ObjectID) -> Bool { records[id] != nil }

  /// Calls `body` with the stored record, without copying it.
  mutating func update(_ id: ObjectID, _ body: (inout MetadataRecord) -> Void) {
    guard let index = records.index(forKey: id) else { return }
    body(&records.values[index])
  }

  mutating func insert(_ id: ObjectID, _ record: MetadataRecord) {
    for link in record.links { dependents[link.id, default: []].insert(id) }
    if let present = bySignature[record.signature], records[present] != nil {
      // The first one stays what members of global objects resolve to.
    } else {
      bySignature[record.signature] = id
    }
    record.owner?.own(id)
    records[id] = record
    if let last = order.last, id < last {
      let position = order.partitioningIndex { $0 >= id }
      if order[position] != id { order.insert(id, at: position) }
    } else if order.last != id {
      order.append(id)
    }
  }

  /// Removes an object and its links.
  ///
  /// - Returns: the members it had, once each.
  mutating func remove(_ id: ObjectID) -> [ObjectID] {
    guard let record = records.removeValue(forKey: id) else { return [] }
    record.owner?.disown(id)
    if bySignature[record.signature] == id { bySignature[record.signature] = nil }
    compactOrderIfSparse()
    var members: [ObjectID] = []
    for link in record.links where removeDependent(id, of: link.id) { members.append(link.id) }
    return members
  }

  private mutating func removeDependent(_ parent: ObjectID, of member: ObjectID) -> Bool {
    guard let index = dependents.index(forKey: member) else { return false }
    guard dependents.values[index].remove(parent) != nil else { return false }
    if dependents.values[index].isEmpty { dependents.remove(at: index) }
    return true
  }

  /// The objects that have `id` as a member.
  func dependents(of id: ObjectID) -> Set<ObjectID> { dependents[id] ?? [] }

  func hasDependents(_ id: ObjectID) -> Bool { dependents[id] != nil }

  /// The oldest of the objects that have `id` as a member.
  func firstDependent(of id: ObjectID) -> ObjectID? { dependents[id]?.min() }

  /// The object a member of a global object stands for.
  func resolve(signature: UInt64, fallback: ObjectID) -> ObjectID {
    if let id = bySignature[signature], records[id] != nil { return id }
    return fallback
  }

  /// The ids in ascending order.
  var ascending: some Sequence<ObjectID> { order.lazy.filter { records[$0] != nil } }

  mutating func removeAll() {
    for (id, record) in records { record.owner?.disown(id) }
    self = MetadataTable()
  }

  private mutating func compactOrderIfSparse() {
    guard order.count > 64, order.count > records.count * 2 else { return }
    order = ContiguousArray(order.filter { records[$0] != nil })
  }
}

extension ContiguousArray {
  /// The first index whose element satisfies a predicate that is false for a prefix and true for the rest.
  func partitioningIndex(_ isInSecond: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if isInSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
