import JSON
import StoreCore
import StoreProtocol
import Support

/// Answers the requests of the wire protocol from the store.
///
/// One method per request, in extensions by subject. Each reads its fields, calls the store and writes the reply. Which
/// method answers which request is in `RequestTable.swift`.
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
  var openSessionSocket: (Session, Connection) throws(StoreError) -> String = { _, _ throws(StoreError) in
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
    guard case .volumes = request.access else { return try request.handler(self, connection) }
    if needsToken(connection), let readToken { return .hold(readToken(.request)) }
    defer { connection.adminToken = nil }
    return try request.handler(self, connection)
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
  /// Starts a message, which is an object, and leaves room for its header.
  func beginFrame() {
    removeAll()
    append("\0\0\0\0\0\0\0\0{")
  }

  /// Ends the message and writes its header.
  func endFrame() {
    endObject()
    patch(littleEndian: UInt64(count - Frame.headerSize), at: 0)
  }

  /// A whole message with the fields that `body` writes.
  @inline(__always)
  func frame(_ body: (ByteWriter) -> Void) {
    beginFrame()
    body(self)
    endFrame()
  }

  /// Writes what a reply answers; messages have their fields in the order of the original, which sorts them.
  func type(_ name: StaticString) { field("type", literal: name) }

  /// A whole reply that has no fields but its type.
  func reply(_ type: StaticString) { frame { $0.type(type) } }

  func field(_ name: StaticString, _ payload: BlobPayload) {
    key(name)
    append(payload)
  }

  /// A whole error reply.
  func reply(_ error: StoreError) { reply(code: UInt64(error.code.rawValue), message: error.message) }

  func reply(code: UInt64, message: String) {
    frame {
      $0.field("code", code)
      $0.field("message", message)
    }
  }

  /// An array that is a field, each element written by `body`.
  func array<Element>(_ name: StaticString, _ elements: some Sequence<Element>, _ body: (Element) -> Void) {
    beginArray(name)
    for element in elements {
      separate()
      body(element)
    }
    endArray()
  }
}
