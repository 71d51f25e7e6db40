import Glibc
import StoreClient
import StoreCore
import StoreProtocol

@testable import StoreServer

/// A server with a client that asks for as much as one message of 1 MiB can, and one that wants to be served meanwhile.
final class HostileFixture {
  private static let messageSize = 1 << 20
  /// Blobs that one request may move, or name by their plasma ids.
  private static let mostNamed = 1 << 14
  /// Blobs whose bytes one request may move.
  static let mostRemote = 1 << 15
  private static let objects = 1000

  let server: RunningServer
  private(set) var client: WireClient
  let bystander: WireClient
  /// An object of the client's with many members.
  private(set) var object: UInt64 = 0
  private var blobs: [UInt64] = []

  /// - Parameter memory: bytes that objects may take.
  init(memory: UInt64 = 64 * mebibyte) throws {
    server = try RunningServer { $0.memoryLimit = memory }
    client = try WireClient.registered(server)
    bystander = try WireClient.registered(server)
    try stock()
  }

  /// Makes an object with many members and many names, and blobs.
  private func stock() throws {
    let one = #"{"typename":"t::Many","instance_id":0}"#
    let contents = Array(repeating: one, count: Self.objects).joined(separator: ",")
    let created = try ask("create_datas", "\"num\":\(Self.objects),\"contents\":[\(contents)]")
    let ids = created["ids"]?.elements.compactMap(\.integer) ?? []
    let members = ids.enumerated().map { "\"m\($0.offset)\":{\"id\":\"\(ObjectID($0.element))\"}" }
    object = try makeObject(client, members.joined(separator: ","))
    _ = try ask("persist", "\"id\":\(object)")
    for index in 0..<100 { _ = try ask("put_name", "\"object_id\":\(object),\"name\":\"run/\(index)\"") }
    try client.sendFrame(
      "{\"type\":\"create_buffers_request\",\"num\":0,\"sizes\":[\(list("64", Self.objects))]}")
    blobs = try client.receiveReply()?["ids"]?.elements.compactMap(\.integer) ?? []
    try closeFile(client.receiveArena())
    for blob in blobs { _ = try ask("seal", "\"object_id\":\(blob)") }
  }

  /// Has a client in a session for plasma blobs go on, with as many such blobs as a request may name.
  private func enterPlasma() throws {
    let blobs = try client.remoteBlobs(Self.mostNamed)
    let reply = try ask("new_session", "\"bulk_store_type\":2")
    guard let path = reply["socket_path"]?.text else { throw TestFailure("no session: \(reply)") }
    let plasma = try WireClient.registered(server, path: path)
    client.close()
    client = plasma
    let pairs = blobs.enumerated().map { "[\($0.element),\"\($0.offset)\"]" }
    _ = try ask("move_buffers_ownership", "\"session_id\":0,\"id_to_pid\":[\(pairs.joined(separator: ","))]")
  }

  /// Lets another client go on.
  func replaceClient() throws {
    client.close()
    client = try WireClient.registered(server)
  }

  private func list(_ element: String, _ count: Int) -> String {
    Array(repeating: element, count: count).joined(separator: ",")
  }

  private func ask(_ type: String, _ fields: String) throws -> JSON {
    let reply = try client.request("{\"type\":\"\(type)_request\",\(fields)}")
    if let message = reply["message"] { throw TestFailure("\(type): \(message)") }
    return reply
  }

  func makeObject(_ client: WireClient, _ fields: String = "") throws -> UInt64 {
    let rest = fields.isEmpty ? "" : "," + fields
    let reply = try client.request(
      "{\"type\":\"create_data_request\",\"content\":{\"typename\":\"t\",\"instance_id\":0\(rest)}}")
    guard let id = reply["id"]?.integer else { throw TestFailure("no object: \(reply)") }
    return id
  }

  /// Sends a message and reads what comes, if anything does; the connection may end.
  func attack(_ message: String) throws {
    try client.sendFrame(message)
    if message.contains("create_remote_buffers_request") {
      guard try client.receiveText() != nil else { throw TestFailure("the blobs are not announced") }
      try client.send([UInt8](repeating: 1, count: 64 * Self.mostRemote))
    }
    var idle = 0
    while idle < 3 {
      if client.isReadable(within: 10) {
        guard try client.receiveRaw() > 0 else { return }
        idle = 0
      } else {
        idle = try server.onLoop { $0.hasWork || $0.connections.values.contains { $0.hasPendingOutput } } ? 0 : idle + 1
      }
    }
  }

  /// A message of about 1 MiB that asks for as much work as a request of this type can; what it needs is made before.
  func worst(_ type: RequestType) throws -> String {
    if try bystander.request("{\"type\":\"exists_request\",\"id\":\(object)}")["exists"] != .bool(true) { try stock() }
    let many = "[\(numbers.joined(separator: ","))]"
    let fields: String
    switch type {
    case .createBuffers: fields = "\"num\":0,\"sizes\":[\(fill("64"))]"
    case .createRemoteBuffers: fields = "\"num\":0,\"compress\":false,\"sizes\":[\(list("64", Self.mostRemote))]"
    case .getBuffers: fields = "\"unsafe\":true,\"ids\":\(many)"
    case .getRemoteBuffers:
      let ids = try client.remoteBlobs(Self.mostRemote).map(String.init)
      fields = "\"unsafe\":true,\"ids\":[\(ids.joined(separator: ","))]"
    case .increaseReferenceCount, .evict, .unpin, .load: fields = "\"ids\":\(many)"
    case .createData: fields = "\"content\":\(nested)"
    case .createDatas: fields = "\"num\":1,\"contents\":[\(fill(#"{"typename":"t","instance_id":0}"#))]"
    case .getData: fields = "\"wait\":false,\"id\":[\(list("\(object)", 60)),\(fill("1"))]"
    case .listData, .listName:
      let choices = Array(repeating: "a", count: 1500).joined(separator: "|")
      fields = "\"limit\":1000000,\"regex\":true,\"pattern\":\"(\(choices))*.*\",\(padding)"
    case .deleteData, .deleteDataWithFeedbacks:
      fields = "\"force\":true,\"deep\":true,\"fastpath\":false,\"memory_trim\":false,\"id\":\(many)"
    case .label:
      let keys = (0..<60_000).map { "\"k\($0)\"" }.joined(separator: ",")
      fields = "\"id\":\(object),\"keys\":[\(keys)],\"values\":[\(list("\"\"", 60_000))]"
    case .shallowCopy:
      let extra = (0..<60_000).reversed().map { "\"k\($0)\":1" }.joined(separator: ",")
      fields = "\"id\":\(object),\"extra\":{\(extra)}"
    case .moveBuffersOwnership:
      let pairs = try client.remoteBlobs(Self.mostNamed).enumerated().map {
        "[\($0.element),\(UInt64(1) << 63 | UInt64($0.offset + 1))]"
      }
      fields = "\"session_id\":0,\"id_to_id\":[\(pairs.joined(separator: ","))]"
    case .getBuffersByPlasma:
      try enterPlasma()
      let ids = (0..<Self.mostNamed).map { "\"\($0)\":\"\($0)\"" }
      fields = ids.joined(separator: ",") + ",\"num\":\(Self.mostNamed),\"unsafe\":true"
    case .persist, .exists, .ifPersist: fields = "\"id\":\(try makeObject(client, member)),\(padding)"
    case .getName, .acquireLock, .releaseLock, .dropName, .putName:
      let text = "\"\(String(repeating: "n", count: Self.messageSize - 200))\""
      fields = "\"name\":\(text),\"key\":\(text),\"object_id\":\(object),\"wait\":false"
    default: fields = padding
    }
    return "{\"type\":\"\(type.rawValue)\",\(fields)}"
  }

  private var member: String { "\"m\":{\"id\":\"\(ObjectID(object))\"}" }

  private var padding: String { "\"x\":[\(fill("1"))]" }

  /// As many copies of an element as a message takes.
  private func fill(_ element: String) -> String { list(element, Self.messageSize / (element.utf8.count + 1)) }

  private var numbers: [String] {
    let known = (blobs + [object]).map(String.init)
    return known + Array(repeating: "4660", count: (Self.messageSize - known.count * 21) / 5)
  }

  /// Objects in objects, as deep as it goes, beside a long text.
  private var nested: String {
    let depth = 1000
    let text = String(repeating: "x", count: Self.messageSize - depth * 60)
    var levels = ""
    for level in 0..<depth {
      let id = String(level + 4096, radix: 16)
      levels += "{\"typename\":\"t\",\"instance_id\":0,\"id\":\"o\(id)\",\"m\":"
    }
    return levels + "{\"typename\":\"t\",\"instance_id\":0,\"id\":\"offff\",\"a\":\"\(text)\"}"
      + String(repeating: "}", count: depth)
  }
}

/// A message with its header.
enum StoreFrame {
  static func bytes(_ json: String) -> [UInt8] { StoreClient.frame(Array(json.utf8)) }
}

extension RunningServer {
  /// Changes something on the loop.
  func onLoopAndForget(_ body: @escaping @Sendable (StoreServer) -> Void) throws { _ = try onLoop { body($0) } }
}

extension WireClient {
  /// Makes sealed blobs of 64 bytes, whose bytes travel.
  func remoteBlobs(_ count: Int) throws -> [UInt64] {
    let sizes = Array(repeating: "64", count: count).joined(separator: ",")
    try sendFrame("{\"type\":\"create_remote_buffers_request\",\"sizes\":[\(sizes)]}")
    guard try receiveText() != nil else { throw TestFailure("no remote blobs") }
    try send([UInt8](repeating: 1, count: 64 * count))
    let ids = try receiveReply()?["ids"]?.elements.compactMap(\.integer) ?? []
    guard ids.count == count else { throw TestFailure("\(ids.count) remote blobs of \(count)") }
    return ids
  }

  /// Reads what has come, whatever it is.
  ///
  /// - Returns: bytes read, 0 at the end of the stream.
  func receiveRaw() throws -> Int {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    return bytes.withUnsafeMutableBytes { max(0, Glibc.recv(file, $0.baseAddress, $0.count, 0)) }
  }
}
