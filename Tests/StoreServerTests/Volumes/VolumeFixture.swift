import Glibc
import Support

@testable import StoreServer

/// A directory in which servers run one after another, and short ways to ask them about volumes.
final class VolumeFixture {
  let directory: TemporaryDirectory
  private(set) var server: RunningServer
  /// The main socket's client.
  private(set) var main: WireClient

  init() throws {
    directory = try TemporaryDirectory()
    server = try Self.start(in: directory.path, allowsClusterScope: true)
    main = try WireClient.registered(server)
  }

  private static func start(in directory: String, allowsClusterScope: Bool) throws -> RunningServer {
    try RunningServer {
      $0.allowsClusterScope = allowsClusterScope
      $0.socketPath = "\(directory)/vineyard.sock"
      try? $0.writeAdminToken("secret")
    }
  }

  /// Stops the server and starts another in the same place.
  ///
  /// - Parameter change: what happens on disk in between.
  func restart(allowsClusterScope: Bool = true, _ change: () throws -> Void = {}) throws {
    main.close()
    try server.stop()
    try change()
    server = try Self.start(in: directory.path, allowsClusterScope: allowsClusterScope)
    main = try WireClient.registered(server)
  }

  /// Sends a request about the volume `id`; `fields` are the rest of the JSON object.
  func ask(_ request: String, _ id: String, _ fields: String = "") throws -> JSON {
    let rest = fields.isEmpty ? "" : "," + fields
    return try main.request("{\"type\":\"\(request)_request\",\"id\":\"\(id)\"\(rest)}")
  }

  @discardableResult
  func open(_ id: String, _ fields: String = "") throws -> JSON {
    let reply = try ask("open_volume", id, fields)
    guard let record = reply["volume"] else { throw TestFailure("not opened: \(reply)") }
    return record
  }

  func record(_ id: String) throws -> JSON? { try ask("inspect_volume", id)["volume"] }

  func volumePath(_ id: String) -> String { "\(directory.path)/volumes/\(id)" }

  func documentPath(_ id: String) -> String { "\(directory.path)/volumes/~documents/\(id).json" }

  /// The volumes that have a directory.
  var volumeNames: [String] { fileNames(in: "\(directory.path)/volumes").filter { !$0.hasPrefix("~") } }

  func client(of id: String, readOnly: Bool = false) throws -> WireClient {
    let path = readOnly ? "\(volumePath(id))/read-only/vineyard.sock" : "\(volumePath(id))/vineyard.sock"
    return try WireClient.registered(server, path: path)
  }
}

extension WireClient {
  /// Creates a sealed blob and takes the descriptor if one comes.
  func sealedBlob(_ size: Int) throws -> UInt64 {
    let reply = try request("{\"type\":\"create_buffer_request\",\"size\":\(size)}")
    guard let id = reply["id"]?.integer else { throw TestFailure("no blob: \(reply)") }
    if reply["fd"]?.integer != nil { Glibc.close(try receiveArena()) }
    _ = try request("{\"type\":\"seal_request\",\"object_id\":\(id)}")
    return id
  }

  func exists(_ id: UInt64) throws -> Bool {
    try request("{\"type\":\"exists_request\",\"id\":\(id)}")["exists"] == .bool(true)
  }
}
