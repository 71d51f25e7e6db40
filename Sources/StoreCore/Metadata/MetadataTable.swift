import StoreProtocol

/// The objects of a session with their dependency graph.
struct MetadataTable {
  /// A member and an object that has it. Those of one member stand together, the oldest object first.
  private struct Edge: Comparable {
    let member: ObjectID
    let parent: ObjectID

    static func < (left: Edge, right: Edge) -> Bool {
      left.member == right.member ? left.parent < right.parent : left.member < right.member
    }
  }

  private(set) var records = SortedTable<ObjectID, MetadataRecord>()
  private var edges = SortedSet<Edge>()
  /// The first living object with a signature, by signature.
  private var bySignature = SortedTable<UInt64, ObjectID>()
  /// Bytes of heap, estimated.
  private(set) var heapBytes = 0

  private static let bytesPerEdge = 48

  var count: Int { records.count }
  var edgeCount: Int { edges.count }

  subscript(id: ObjectID) -> MetadataRecord? { records[id] }

  func contains(_ id: ObjectID) -> Bool { records.contains(id) }

  /// Calls `body` with the stored record, without copying it.
  ///
  /// - Returns: false when there is no such object.
  mutating func update(_ id: ObjectID, _ body: (inout MetadataRecord) -> Void) -> Bool {
    let change = records.update(id) { record in
      let before = record.heapBytes
      body(&record)
      return record.heapBytes - before
    }
    heapBytes += change ?? 0
    return change != nil
  }

  /// Adds an object whose members are linked with ``link(_:to:)``.
  ///
  /// - Parameter isFirst: whether members of global objects resolve to it, whatever else has its signature.
  mutating func insert(_ id: ObjectID, _ record: MetadataRecord, asFirst isFirst: Bool = false) {
    if !isFirst, !record.standsIn, let present = bySignature[record.signature], records.contains(present) {
      // Members of global objects go on resolving to the first one.
    } else {
      bySignature[record.signature] = id
    }
    record.owner?.add(id)
    heapBytes += record.heapBytes
    records[id] = record
  }

  /// Notes that an object, which may still have to be added, has a member.
  mutating func link(_ member: ObjectID, to parent: ObjectID) {
    if edges.insert(Edge(member: member, parent: parent)) { heapBytes += Self.bytesPerEdge }
  }

  /// - Returns: whether the member was linked to the object.
  mutating func unlink(_ member: ObjectID, from parent: ObjectID) -> Bool {
    guard edges.remove(Edge(member: member, parent: parent)) else { return false }
    heapBytes -= Self.bytesPerEdge
    return true
  }

  /// Takes an object out, but leaves it linked to its members.
  ///
  /// - Returns: the object, and whether members of global objects resolved to it.
  mutating func remove(_ id: ObjectID) -> (record: MetadataRecord, isFirst: Bool)? {
    guard let record = records.removeValue(forKey: id) else { return nil }
    record.owner?.remove(id)
    heapBytes -= record.heapBytes
    ensure(heapBytes >= 0, "objects take \(heapBytes) bytes of heap after \(id) has gone")
    let isFirst = bySignature[record.signature] == id
    if isFirst { bySignature[record.signature] = nil }
    return (record, isFirst)
  }

  /// The objects that have `id` as a member, in ascending order from `first`.
  func dependents(of id: ObjectID, from first: ObjectID = ObjectID(0)) -> some Sequence<ObjectID> {
    edges.elements(from: Edge(member: id, parent: first)).lazy.prefix { $0.member == id }.map(\.parent)
  }

  func hasDependents(_ id: ObjectID) -> Bool { firstDependent(of: id) != nil }

  /// The oldest of the objects that have `id` as a member.
  func firstDependent(of id: ObjectID) -> ObjectID? {
    guard let edge = edges.first(from: Edge(member: id, parent: ObjectID(0))), edge.member == id else { return nil }
    return edge.parent
  }

  /// The object a member of a global object stands for.
  func resolve(signature: UInt64, fallback: ObjectID) -> ObjectID {
    if let id = bySignature[signature], records.contains(id) { return id }
    return fallback
  }

  /// The ids in ascending order.
  var ascending: some Sequence<ObjectID> { records.keys }

  /// Takes an object out of a table that nobody uses any more; nil when none is left.
  mutating func dropRecord() -> MetadataRecord? { records.popLast()?.value }

  /// Drops some of what else is in a table that nobody uses any more; false when nothing is left.
  mutating func dropSome() -> Bool { edges.dropLeaf() || bySignature.dropLeaf() }
}
