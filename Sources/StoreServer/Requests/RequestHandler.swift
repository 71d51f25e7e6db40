import JSON
import StoreCore
import StoreProtocol
import Support

/// Answers the requests of the wire protocol from the store.
///
/// One method per request, in extensions by subject. Each reads its fields, calls the store and writes the reply.
final class RequestHandler {
  let store: Store
  let identity: InstanceIdentity
  var message = RequestMessage()
  var reply: ByteWriter
  /// Scratch for the hot requests.
  var payloads: [BlobPayload] = []
  var blobIDs: [ObjectID] = []
  /// Counts for instance_status, kept by the server.
  var connectionCounts = (ipc: 0, rpc: 0)
  var parkedRequests = 0
  /// Makes the listener of a child session that a client asks for.
  var openSessionSocket: (Session, ClientConnection) throws(StoreError) -> String = { _, _ throws(StoreError) in
    throw StoreError(.notImplemented, "sessions are not available")
  }
  /// Opens and closes volumes outside of the store; nil until the server serves.
  weak var volumes: VolumeHost?
  /// Has the file of the admin token read for a request, which goes on then.
  var readToken: ((HeldReply.Continuation) -> HeldReply)?
  /// Proves that a client on another host may ask about volumes.
  let adminToken: AdminToken
  /// Overwrites a short range of the arena with zeroes.
  var zero: (ByteRange) -> Void = { _ in }
  /// Asks the page worker to give back idle pages; false when there are none.
  var trimMemory: () -> Bool = { false }

  /// - Parameter replies: counts what large replies take.
  init(store: Store, identity: InstanceIdentity, adminToken: AdminToken, replies: any GrowthBudget) {
    reply = ByteWriter(repliesWithin: replies)
    self.store = store
    self.identity = identity
    self.adminToken = adminToken
  }

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

  /// Answers the message read last.
  func handle(_ type: RequestType, from connection: ClientConnection) throws(StoreError) -> Disposition {
    if !connection.isRegistered, type != .register, type != .exit {
      throw Self.notRegistered(type.rawValue)
    }
    let client = connection.client
    if let volume = client.volume { try requirePermission(for: type, client, volume) }
    switch type {
    case .register: return try register(connection)
    case .exit: return .close

    case .createBuffer: return try createBuffer(connection)
    case .createBuffers: return try createBuffers(connection)
    case .seal: return try seal(client)
    case .getBuffers: return try getBuffers(connection)
    case .dropBuffer: return try dropBuffer(client)
    case .shrinkBuffer: return try shrinkBuffer(client)
    case .createRemoteBuffer: return try createRemoteBuffer(connection)
    case .createRemoteBuffers: return try createRemoteBuffers(connection)
    case .getRemoteBuffers: return try getRemoteBuffers(connection)
    case .increaseReferenceCount: return try increaseReferenceCount(client)
    case .release: return try release(client)
    case .createGPUBuffer, .getGPUBuffers: throw StoreError(.invalid, "GPU support is not enabled")

    case .createData: return try createData(client)
    case .createDatas: return try createDatas(client)
    case .getData: return try getData(client)
    case .listData: return try listData(client)
    case .deleteData: return try deleteData(connection, reports: false)
    case .deleteDataWithFeedbacks: return try deleteData(connection, reports: true)
    case .exists: return try exists(client)
    case .persist: return try persist(client)
    case .ifPersist: return try ifPersist(client)
    case .label: return try label(client)
    case .clear: return try clear(client)
    case .memoryTrim: return try memoryTrim(client)
    case .shallowCopy: return try shallowCopy(client)
    case .migrateObject: return try migrateObject(client)

    case .putName: return try putName(client)
    case .getName: return try getName(client)
    case .listName: return try listName(client)
    case .dropName: return try dropName(client)

    case .clusterMeta: return clusterMeta(client)
    case .instanceStatus: return instanceStatus(client)
    case .debug: return debug()
    case .acquireLock: return try acquireLock(client)
    case .releaseLock: return try releaseLock(client)

    case .createStream: return try createStream(client)
    case .openStream: return try openStream(client)
    case .getNextStreamChunk: return try getNextStreamChunk(connection)
    case .pushNextStreamChunk: return try pushNextStreamChunk(client)
    case .pullNextStreamChunk: return try pullNextStreamChunk(client)
    case .stopStream: return try stopStream(client)
    case .dropStream: return try dropStream(client)

    case .createBufferByPlasma: return try createBufferByPlasma(connection)
    case .getBuffersByPlasma: return try getBuffersByPlasma(connection)
    case .plasmaSeal: return try plasmaSeal(client)
    case .plasmaRelease: return try plasmaRelease(client)
    case .plasmaDeleteData: return try plasmaDeleteData(client)

    case .newSession: return try newSession(connection)
    case .deleteSession: return try deleteSession(connection)
    case .moveBuffersOwnership: return try moveBuffersOwnership(client)

    case .evict: return try evict(client)
    case .load: return try load(client)
    case .unpin: return try unpin(client)
    case .isSpilled: return try isSpilled(client)
    case .isInUse: return try isInUse(client)
    case .releaseBlobsWithRDMA: return releaseBlobsWithRDMA()

    case .openVolume, .inspectVolume, .listVolumes, .resizeVolume, .freezeVolume, .deleteVolume, .createSnapshot,
      .deleteSnapshot:
      return try handleVolumes(type, from: connection)
    }
  }
}

/// Next step after a request was looked at. The reply, if any, is in the reply writer.
enum Disposition {
  /// Send the reply, then the arena's descriptor if wanted.
  case send(arena: Bool)
  /// Close without a reply.
  case close
  /// Send the reply when its condition holds; or handle the request again, when that is how it is to go on.
  case hold(HeldReply)
  /// Go on with a request that takes more steps, after others.
  case `continue`(any RequestTask)
  /// Go on with a request that takes more steps when the condition of this holds.
  case wait(any RequestTask, HeldReply)
  /// Send the reply, then move raw bytes.
  case transfer(Transfer)
  /// Check a password elsewhere, then finish registering.
  case authenticate(username: String, password: String)
  /// Send the reply, then close this connection and the session.
  case deleteSession

  static var reply: Disposition { .send(arena: false) }

  /// Holds the request until a key changes; then it is tried again, or goes on where it was.
  static func park(_ key: WaitKey) -> Disposition { .hold(HeldReply(until: .changed(key), then: .request)) }

  /// The reply is sent when no pages are being given back any more.
  static var afterTrim: Disposition { .hold(HeldReply(until: .givenBack, then: .send(arena: false, nil))) }

  /// The unfinished rest of a request.
  var rest: (any RequestTask)? {
    switch self {
    case .continue(let task), .wait(let task, _): task
    default: nil
    }
  }

  /// The held reply, or the held request.
  var held: HeldReply? {
    switch self {
    case .wait(_, let held), .hold(let held): held
    default: nil
    }
  }

  /// The held request; nil when only its reply waits.
  var pause: HeldReply? {
    guard let held else { return nil }
    if case .request = held.continuation { return held }
    return nil
  }
}

/// Builds one framed message in a buffer that is reused.
extension ByteWriter {
  /// Starts a message and leaves room for its header.
  func beginFrame() {
    removeAll()
    append(littleEndian: 0)
  }

  /// Writes the header of the message.
  func endFrame() { patch(littleEndian: UInt64(count - Frame.headerSize), at: 0) }

  /// A whole reply that has no fields but its type.
  func reply(_ type: StaticString) {
    beginFrame()
    append("{\"type\":\"")
    append(type)
    append("\"}")
    endFrame()
  }

  /// A whole error reply.
  func reply(_ error: StoreError) { reply(code: UInt64(error.code.rawValue), message: error.message) }

  func reply(code: UInt64, message: String) {
    beginFrame()
    append("{\"code\":")
    append(decimal: code)
    append(",\"message\":")
    append(jsonString: message)
    append("}")
    endFrame()
  }

  /// A comma-separated list, each element written by `body`.
  func list<Element>(_ elements: some Sequence<Element>, _ body: (Element) -> Void) {
    var isFirst = true
    for element in elements {
      if !isFirst { append(UInt8(ascii: ",")) }
      isFirst = false
      body(element)
    }
  }
}
