import JSON
import StoreCore
import StoreProtocol

/// The way of a message to the method that answers it.
extension RequestHandler {
  /// Parses one message and recognises its type.
  ///
  /// - Throws: the protocol's error for a message that cannot be dispatched.
  func read(_ frame: UnsafeRawBufferPointer, isRegistered: Bool) throws(StoreError) -> (type: RequestType, index: Int) {
    try message.parse(frame)
    return try recognise(isRegistered: isRegistered)
  }

  /// Bytes of the longest type that is looked at.
  private static let longestType = 256

  /// Recognises the type of the message read last.
  func recognise(isRegistered: Bool) throws(StoreError) -> (type: RequestType, index: Int) {
    guard let type = message.span("type") else {
      throw StoreError(.invalid, "Invalid message: no 'type' field")
    }
    guard type.kind == .string else {
      throw StoreError(.invalid, "Failed to parse the JSON message: field 'type' must be a string")
    }
    guard type.count <= Self.longestType else {
      throw StoreError(
        .invalid, "Got unexpected command: its type has \(type.count) bytes, \(Self.longestType) are allowed")
    }
    if !type.hasEscapes, let found = RequestType.find(message.bytes.rawString(type)) { return found }
    var text = message.bytes.string(type)
    guard let found = text.withUTF8({ RequestType.find(UnsafeRawBufferPointer($0)) }) else {
      throw isRegistered ? StoreError(.invalid, "Got unexpected command: \(text)") : Self.notRegistered(text)
    }
    return found
  }

  private static func notRegistered(_ type: String) -> StoreError {
    StoreError(.invalid, "The connection is not registered yet, command is: \(type)")
  }

  /// The non-zero code a request carries itself; such a message is bounced as that error.
  var embeddedError: (code: UInt64, message: String)? {
    guard let span = message.span("code"), let code = message.bytes.integer(span), code != 0 else { return nil }
    return (code, (try? message.string("message")) ?? "")
  }

  /// Answers the message read last; one about volumes, over TCP, when the file of the admin token is read.
  ///
  /// - Parameter request: the descriptor of its type.
  func handle(
    _ type: RequestType, _ request: RequestDescriptor, from connection: Connection
  ) throws(StoreError) -> Disposition {
    if !connection.isRegistered {
      guard case .anyone = request.access else { throw Self.notRegistered(type.rawValue) }
    }
    let client = connection.client
    if let volume = client.volume { try requirePermission(request.access, client, volume) }
    if connection.provenPeer != nil { try requirePeerPermission(request.access) }
    guard case .volumes = request.access else { return try request.handler(self, connection) }
    if needsToken(connection), let readToken { return .hold(readToken(.request)) }
    defer { connection.adminToken = nil }
    return try request.handler(self, connection)
  }

  /// - Throws: notImplemented for a request that would reach outside of the volume, or write where that is forbidden.
  func requirePermission(
    _ access: RequestDescriptor.Access, _ client: Client, _ volume: Volume
  ) throws(StoreError) {
    switch access {
    case .anyone, .read: return
    case .volumes:
      throw StoreError(
        .notImplemented, "requests about volumes are not answered on the sockets of volume '\(volume.id)'")
    case .session(let refusal): throw StoreError(.notImplemented, "volume '\(volume.id)' \(refusal)")
    case .write: break
    }
    if volume.isFrozen {
      throw StoreError(.notImplemented, "volume '\(volume.id)' is read-only for everybody: it is frozen")
    }
    if client.isReadOnly {
      throw StoreError(.notImplemented, "volume '\(volume.id)' is read-only here: it is mounted with readOnly")
    }
  }
}

/// One row of the table of requests: access, heap, log and handler of a type.
struct RequestDescriptor {
  /// Reach of a request, which decides who may send it when.
  enum Access {
    /// Answered before the client has registered, too; changes nothing that the store holds.
    case anyone
    /// Only looks, gives up a claim or is about the daemon.
    case read
    /// Changes what the store holds: objects, blobs, names, streams, locks.
    case write
    /// Opens or ends sessions, which no client of a volume may: with the end of the sentence that tells it so.
    case session(StaticString)
    /// About volumes as such, for those who run the store.
    case volumes

    var writes: Bool {
      switch self {
      case .write, .session: true
      case .anyone, .read, .volumes: false
      }
    }
  }

  /// Heap that a request may take, for good or while it is answered.
  enum HeapCost {
    /// Nothing that stays.
    case none
    /// Its list of ids, until it is answered.
    case ids
    /// Documents, whose fields become entries with two texts.
    case documents
    /// An entry in a table, or several.
    case entries
    /// Grants of the client.
    case grants
    /// All that is found, when that takes more than one step.
    case listing(Listing)
  }

  /// Entries that a listing goes through.
  enum Listing {
    case objects, names
  }

  /// Lines of a request in the log of metrics.
  enum LogLines {
    case none
    /// How much memory is used.
    case memory
    /// A request for metadata, by what the original calls it.
    case data(StaticString)
    /// The same, and how much memory is used then.
    case dataAndMemory(StaticString)
  }

  typealias Handler = @Sendable (RequestHandler, Connection) throws(StoreError) -> Disposition

  let access: Access
  let heap: HeapCost
  let log: LogLines
  /// Reads the fields, calls the store and writes the reply. It captures nothing, so that calling it allocates nothing.
  let handler: Handler

  init(_ access: Access, heap: HeapCost = .none, log: LogLines = .none, _ handler: @escaping Handler) {
    self.access = access
    self.heap = heap
    self.log = log
    self.handler = handler
  }

  /// The rows in the order of `RequestType.allCases`, whose indices `RequestType.find` gives.
  static let all = RequestType.allCases.map { of($0) }
}

extension RequestDescriptor {
  /// The table of requests: access, heap, log, and the handler that answers.
  ///
  /// In a row, `h` is the handler and `c` the client's connection.
  static func of(_ type: RequestType) -> RequestDescriptor {
    switch type {
    case .register: .init(.anyone) { h, c throws(StoreError) in try h.register(c) }
    case .exit: .init(.anyone) { _, _ in .close }
    case .provePeer: .init(.anyone) { h, c throws(StoreError) in try h.provePeer(c) }
    case .refreshObjects: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.refreshObjects(c) }

    case .createBuffer: .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createBuffer(c) }
    case .createBuffers:
      .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createBuffers(c) }
    case .seal: .init(.write) { h, c throws(StoreError) in try h.seal(c.client) }
    case .getBuffers: .init(.read, heap: .grants) { h, c throws(StoreError) in try h.getBuffers(c) }
    case .dropBuffer: .init(.write) { h, c throws(StoreError) in try h.dropBuffer(c.client) }
    case .shrinkBuffer: .init(.write) { h, c throws(StoreError) in try h.shrinkBuffer(c.client) }
    case .createRemoteBuffer:
      .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createRemoteBuffer(c) }
    case .createRemoteBuffers:
      .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createRemoteBuffers(c) }
    case .getRemoteBuffers: .init(.read, heap: .grants) { h, c throws(StoreError) in try h.getRemoteBuffers(c) }
    case .increaseReferenceCount:
      .init(.read, heap: .grants) { h, c throws(StoreError) in try h.increaseReferenceCount(c.client) }
    case .release: .init(.read) { h, c throws(StoreError) in try h.release(c.client) }
    case .releaseBlobs: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.releaseBlobs(c.client) }
    case .createGPUBuffer: .init(.write) { h, _ throws(StoreError) in try h.refuseGPU() }
    case .getGPUBuffers: .init(.read) { h, _ throws(StoreError) in try h.refuseGPU() }
    case .evict: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.evict(c.client) }
    case .load: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.load(c.client) }
    case .unpin: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.unpin(c.client) }
    case .isSpilled: .init(.read) { h, c throws(StoreError) in try h.isSpilled(c.client) }
    case .isInUse: .init(.read) { h, c throws(StoreError) in try h.isInUse(c.client) }
    case .releaseBlobsWithRDMA: .init(.read) { h, _ in h.releaseBlobsWithRDMA() }

    case .createData:
      .init(.write, heap: .documents, log: .data("create")) { h, c throws(StoreError) in try h.createData(c.client) }
    case .createDatas:
      .init(.write, heap: .documents, log: .data("create")) { h, c throws(StoreError) in try h.createDatas(c.client) }
    case .putObject:
      .init(.write, heap: .documents, log: .data("create")) { h, c throws(StoreError) in try h.putObject(c) }
    case .getData: .init(.read, heap: .ids, log: .data("get")) { h, c throws(StoreError) in try h.getData(c) }
    case .listData: .init(.read, heap: .listing(.objects)) { h, c throws(StoreError) in try h.listData(c.client) }
    case .deleteData:
      .init(.write, heap: .ids, log: .dataAndMemory("delete")) { h, c throws(StoreError) in
        try h.deleteData(c, reports: false)
      }
    case .deleteDataWithFeedbacks:
      .init(.write, heap: .ids, log: .dataAndMemory("delete")) { h, c throws(StoreError) in
        try h.deleteData(c, reports: true)
      }
    case .exists: .init(.read) { h, c throws(StoreError) in try h.exists(c.client) }
    case .persist: .init(.write) { h, c throws(StoreError) in try h.persist(c.client) }
    case .ifPersist: .init(.read) { h, c throws(StoreError) in try h.ifPersist(c.client) }
    case .label: .init(.write, heap: .documents) { h, c throws(StoreError) in try h.label(c.client) }
    case .clear: .init(.write) { h, c throws(StoreError) in try h.clear(c.client) }
    case .memoryTrim: .init(.read) { h, c throws(StoreError) in try h.memoryTrim(c.client) }
    case .shallowCopy: .init(.write, heap: .documents) { h, c throws(StoreError) in try h.shallowCopy(c.client) }
    case .migrateObject: .init(.read, heap: .entries) { h, c throws(StoreError) in try h.migrateObject(c) }

    case .putName: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.putName(c.client) }
    case .getName: .init(.read) { h, c throws(StoreError) in try h.getName(c.client) }
    case .listName: .init(.read, heap: .listing(.names)) { h, c throws(StoreError) in try h.listName(c.client) }
    case .dropName: .init(.write) { h, c throws(StoreError) in try h.dropName(c.client) }

    case .clusterMeta: .init(.read) { h, c in h.clusterMeta(c.client) }
    case .instanceStatus: .init(.read) { h, c in h.instanceStatus(c.client) }
    case .debug: .init(.read) { h, _ in h.debug() }
    case .acquireLock: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.acquireLock(c.client) }
    case .releaseLock: .init(.read) { h, c throws(StoreError) in try h.releaseLock(c.client) }

    case .createStream: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.createStream(c.client) }
    case .openStream: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.openStream(c.client) }
    case .getNextStreamChunk: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.getNextStreamChunk(c) }
    case .pushNextStreamChunk:
      .init(.write, heap: .entries) { h, c throws(StoreError) in try h.pushNextStreamChunk(c.client) }
    case .pullNextStreamChunk: .init(.write) { h, c throws(StoreError) in try h.pullNextStreamChunk(c.client) }
    case .stopStream: .init(.write) { h, c throws(StoreError) in try h.stopStream(c.client) }
    case .dropStream: .init(.write) { h, c throws(StoreError) in try h.dropStream(c.client) }

    case .createBufferByPlasma:
      .init(.write, heap: .entries) { h, c throws(StoreError) in try h.createBufferByPlasma(c) }
    case .getBuffersByPlasma: .init(.read, heap: .grants) { h, c throws(StoreError) in try h.getBuffersByPlasma(c) }
    case .plasmaSeal: .init(.write) { h, c throws(StoreError) in try h.plasmaSeal(c.client) }
    case .plasmaRelease: .init(.write) { h, c throws(StoreError) in try h.plasmaRelease(c.client) }
    case .plasmaDeleteData: .init(.write) { h, c throws(StoreError) in try h.plasmaDeleteData(c.client) }

    case .newSession:
      .init(.session("has no sessions besides its own"), heap: .entries) { h, c throws(StoreError) in
        try h.newSession(c)
      }
    case .deleteSession:
      .init(.session("is not deleted by its clients: delete the claim it belongs to")) { h, c throws(StoreError) in
        try h.deleteSession(c)
      }
    case .moveBuffersOwnership:
      .init(.write, heap: .entries) { h, c throws(StoreError) in try h.moveBuffersOwnership(c.client) }

    case .openVolume: .init(.volumes, heap: .documents) { h, c throws(StoreError) in try h.openVolume(c) }
    case .inspectVolume: .init(.volumes) { h, c throws(StoreError) in try h.inspectVolume(c) }
    case .listVolumes: .init(.volumes) { h, c throws(StoreError) in try h.listVolumes(c) }
    case .resizeVolume: .init(.volumes) { h, c throws(StoreError) in try h.resizeVolume(c) }
    case .freezeVolume: .init(.volumes) { h, c throws(StoreError) in try h.freezeVolume(c) }
    case .deleteVolume: .init(.volumes) { h, c throws(StoreError) in try h.deleteVolume(c) }
    case .createSnapshot: .init(.volumes, heap: .entries) { h, c throws(StoreError) in try h.createSnapshot(c) }
    case .deleteSnapshot: .init(.volumes) { h, c throws(StoreError) in try h.deleteSnapshot(c) }
    case .forgetNode: .init(.volumes) { h, c throws(StoreError) in try h.forgetNode(c) }
    }
  }
}
