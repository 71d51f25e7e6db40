/// Public facts about a store, for other stores and clients.
public struct InstanceRecord: Sendable, Equatable {
  /// A number that is the same for all stores of a host.
  public var hostID: UInt64
  public var hostname: String
  public var nodename: String
  /// Path of the IPC socket.
  public var socketPath: String
  /// `host:port`, or `0.0.0.0:0` without a listener.
  public var rpcEndpoint: String
  /// Time of the last sign of life: unix seconds in the upper, microseconds in the lower 32 bits.
  public var timestamp: UInt64

  public init(
    hostID: UInt64, hostname: String, nodename: String, socketPath: String, rpcEndpoint: String, timestamp: UInt64
  ) {
    self.hostID = hostID
    self.hostname = hostname
    self.nodename = nodename
    self.socketPath = socketPath
    self.rpcEndpoint = rpcEndpoint
    self.timestamp = timestamp
  }
}

/// Whether a store can be asked for what it has.
public enum InstanceState: String, CaseIterable, Sendable {
  case reachable
  /// Given up for now: it gives no sign of life. It may come back.
  case unreachable
}

/// The stores that share objects and names, this one among them.
public struct InstanceTable {
  /// The id of this store.
  public internal(set) var local: UInt64 = 0
  private var records: [UInt64: InstanceRecord] = [:]
  /// Stores without a sign of life, with a record or (still, or already) without.
  private var silent: Set<UInt64> = []

  /// Record of a store; nil when the table has no such store.
  public subscript(id: UInt64) -> InstanceRecord? { records[id] }

  /// All stores in ascending order of their ids.
  public var ascending: [(id: UInt64, record: InstanceRecord)] {
    records.sorted { $0.key < $1.key }.map { (id: $0.key, record: $0.value) }
  }

  /// State of a store; nil when the table has no such store. This one is always reachable.
  public func state(of id: UInt64) -> InstanceState? {
    guard records[id] != nil else { return nil }
    return id != local && silent.contains(id) ? .unreachable : .reachable
  }

  /// Number of stores in a state.
  public func count(_ state: InstanceState) -> Int { records.keys.count { self.state(of: $0) == state } }

  mutating func set(_ id: UInt64, _ record: InstanceRecord?) { records[id] = record }

  mutating func set(_ id: UInt64, _ state: InstanceState) {
    if state == .unreachable { silent.insert(id) } else { silent.remove(id) }
  }
}

extension Store {
  /// Gives this store its id, before anybody is connected to it. It keeps the id for life: clients hold it.
  public func assignInstance(_ id: UInt64) {
    ensure(clients.isEmpty && root.objectCount == 0, "a store that is in use gets another instance id")
    instances.local = id
    ids = IDGenerator(instance: id)
  }

  /// Notes the record of a store, this one or another; nil when it is gone.
  public func setInstance(_ id: UInt64, _ record: InstanceRecord?) {
    instances.set(id, record)
    if record == nil, id != instances.local { dropCopies(of: id) }
  }

  /// Notes whether another store gives signs of life.
  public func setInstance(_ id: UInt64, _ state: InstanceState) { instances.set(id, state) }
}
