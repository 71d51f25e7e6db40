import StoreClient
import StoreCore

@testable import StoreServer

/// One connection of the fuzzer and what is known about it.
final class FuzzSlot {
  let client: WireClient
  /// The volume that it has connected to; nil for other sockets.
  var volume: FuzzVolume?
  private(set) var isRegistered: Bool
  /// Keys of the memory files that came.
  private var knownFiles: Set<UInt64> = []
  private var sentinels = 0

  init(_ client: WireClient, isRegistered: Bool = false) {
    self.client = client
    self.isRegistered = isRegistered
  }

  func send(_ body: [UInt8]) throws { try client.send(StoreClient.frame(body)) }

  /// Receives the one reply there must be, and the descriptor it announces.
  func receive(_ expectation: FrameExpectation) throws -> JSON {
    guard let reply = try client.receiveReply() else { throw TestFailure("closed without a reply") }
    if let objection = expectation.objection(to: reply) { throw TestFailure("\(objection): \(reply)") }
    if reply["type"] == .string("register_reply") { isRegistered = true }
    if case .transfer = expectation {
      if Self.announcesDescriptor(reply) { throw TestFailure("a remote reply announces a descriptor: \(reply)") }
    } else {
      try receiveDescriptor(after: reply)
    }
    return reply
  }

  private static func announcesDescriptor(_ reply: JSON) -> Bool {
    if case .number(let key)? = reply["fd"], !key.hasPrefix("-") { return true }
    return reply["fds"]?.elements.isEmpty == false
  }

  private static func payloads(_ reply: JSON) -> [JSON] {
    guard case .object(let fields) = reply else { return [] }
    return fields.values.filter { $0["data_size"] != nil } + (reply["payloads"]?.elements ?? [])
  }

  private func receiveDescriptor(after reply: JSON) throws {
    guard client.kind == .ipc else { return }
    let keys = Self.payloads(reply).compactMap { $0["data_size"]?.integer != 0 ? $0["store_fd"]?.integer : nil }
    let new = Set(keys).subtracting(knownFiles)
    let isPlasma = reply["type"] == .string("get_buffers_by_plasma_reply")
    if !isPlasma, Self.announcesDescriptor(reply) == new.isEmpty {
      throw TestFailure("the descriptors of \(new) should come with \(reply)")
    }
    for _ in new { try closeFile(try client.receiveArena()) }
    knownFiles.formUnion(new)
  }

  /// Sends something that has a reply of its own, which must be the next thing to come.
  func expectNothingElse() throws {
    sentinels += 1
    let reply = try client.request("{\"type\":\"sentinel \(sentinels)\"}")
    let complaint =
      isRegistered ? "Got unexpected command" : "The connection is not registered yet, command is"
    guard reply["code"]?.integer == 1, reply["message"]?.text == "\(complaint): sentinel \(sentinels)" else {
      throw TestFailure("instead of the sentinel's reply: \(reply)")
    }
  }

  /// Bytes of blobs that a reply announces, in the order they travel.
  static func transferSize(_ reply: JSON) -> Int {
    let payloads = reply["payloads"]?.elements ?? [reply["created"]].compactMap { $0 }
    return payloads.reduce(0) { $0 + Int($1["data_size"]?.integer ?? 0) }
  }
}

/// A volume that a connection was made to, told from a later one of the same id.
struct FuzzVolume: @unchecked Sendable {
  let path: String
  private let id: String
  // Only compared: as long as it is held no other is at its address.
  private let volume: Volume

  /// The volume of an id and one of its sockets; nil when it is not there (any more).
  init?(_ id: String, _ path: String, on server: RunningServer) throws {
    let found = try server.onLoop { server in
      server.store.volumes[id].map { FuzzVolume(path: path, id: id, volume: $0) }
    }
    guard let found else { return nil }
    self = found
  }

  private init(path: String, id: String, volume: Volume) {
    self.path = path
    self.id = id
    self.volume = volume
  }

  func isGone(from server: RunningServer) throws -> Bool { try server.onLoop { $0.store.volumes[id] !== volume } }
}
