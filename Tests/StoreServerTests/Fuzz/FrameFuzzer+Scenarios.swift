import Glibc
import SeededRandom
import StoreClient
import StoreCore

@testable import StoreServer

/// What takes more than one message.
extension FrameFuzzer {
  /// Stores a blob over the connection with its bytes right behind the request, and reads it back.
  func moveRemoteBlob() throws {
    let slot = FuzzSlot(try WireClient.registered(server, random.oneIn(2) ? .rpc : .ipc), isRegistered: true)
    let bytes = (0..<(1 + random.number(below: 30_000))).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let request = Array("{\"type\":\"create_remote_buffer_request\",\"size\":\(bytes.count)}".utf8)
    note(request, "a remote blob with its bytes")
    let sent = bytes.prefix(random.oneIn(2) ? bytes.count : random.number(below: bytes.count))
    try slot.client.send(StoreClient.frame(request) + sent)
    let reply = try slot.receive(.transfer("create_buffer_reply"))
    guard let id = reply["id"]?.integer else { return }
    if sent.count < bytes.count, random.oneIn(2) { return slot.client.abort() }
    try slot.client.send(Array(bytes.dropFirst(sent.count)))
    guard try slot.client.receiveReply() == reply else { throw TestFailure("the closing reply differs") }
    known.record(from: reply)
    let back = Array("{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}".utf8)
    note(back, "the remote blob back")
    try slot.send(back)
    _ = try slot.receive(.transfer("get_buffers_reply"))
    guard try slot.client.receive(bytes.count) == bytes else { throw TestFailure("the blob's bytes changed") }
    try slot.expectNothingElse()
  }

  /// Waits for something that never comes and goes away while waiting.
  func parkAndLeave() throws {
    let slot = FuzzSlot(try WireClient.registered(server, random.oneIn(3) ? .rpc : .ipc), isRegistered: true)
    let other = FuzzSlot(try WireClient.registered(server), isRegistered: true)
    let body: String
    switch random.number(below: 4) {
    case 0: body = #"{"type":"get_name_request","name":"never","wait":true}"#
    case 1: body = #"{"type":"get_data_request","id":[4711],"wait":true}"#
    case 2:
      let stream = random.next() >> 1
      _ = try other.client.request("{\"type\":\"create_stream_request\",\"object_id\":\(stream)}")
      body = "{\"type\":\"pull_next_stream_chunk_request\",\"id\":\(stream)}"
    default:
      _ = try other.client.request(#"{"type":"acquire_lock_request","key":"contended"}"#)
      body = #"{"type":"acquire_lock_request","key":"contended"}"#
    }
    note(Array(body.utf8), "parks and leaves")
    let before = try server.onLoop { $0.handler.parkedRequests }
    try slot.send(Array(body.utf8))
    if slot.client.isReadable(within: 2) {
      _ = try slot.client.receiveReply()
      return
    }
    if random.oneIn(2) { try slot.send(Array(body.utf8)) }
    switch random.number(below: 3) {
    case 0: slot.client.close()
    case 1: slot.client.abort()
    default: slot.client.halfClose()
    }
    try server.waitUntil("a parked request goes with its client") { $0.handler.parkedRequests <= before }
  }

  /// A session with something in it, deleted by its client.
  func openAndDeleteSession() throws {
    let slot = FuzzSlot(try WireClient.registered(server), isRegistered: true)
    let body = "{\"type\":\"new_session_request\",\"bulk_store_type\":\(1 + random.number(below: 2))}"
    note(Array(body.utf8), "a session")
    guard let path = try slot.client.request(body)["socket_path"]?.text else { throw TestFailure("no session") }
    let inside = FuzzSlot(try WireClient.registered(server, path: path), isRegistered: true)
    for request in [
      #"{"type":"create_buffer_request","size":100000}"#,
      #"{"type":"create_buffer_by_plasma_request","plasma_id":"AAAA","size":5000,"plasma_size":5000}"#,
      #"{"type":"create_stream_request","object_id":1}"#,
    ] {
      try inside.send(Array(request.utf8))
      _ = try inside.receive(.answer(FrameExpectation.replyType(of: request)))
    }
    if random.oneIn(2) { return }
    _ = try inside.client.request(#"{"type":"delete_session_request"}"#)
    guard try inside.client.isClosedSilently() else { throw TestFailure("the session's last client stays connected") }
    guard access(path, F_OK) != 0 else { throw TestFailure("\(path) stays") }
  }

  /// Deletes the volumes and snapshots that are left.
  func deleteVolumes() throws {
    let client = try WireClient.registered(server)
    // A message that was changed may have made one with an id of its own.
    for id in try server.onLoop({ Set($0.store.volumes.keys).union($0.store.snapshots.keys).sorted() }) {
      _ = try client.request("{\"type\":\"delete_volume_request\",\"id\":\"\(id)\"}")
      _ = try client.request("{\"type\":\"delete_snapshot_request\",\"id\":\"\(id)\"}")
    }
    let directory = "\(server.directory)/volumes"
    let names = fileNames(in: directory).filter { $0 != "~documents" } + fileNames(in: "\(directory)/~documents")
    guard names.isEmpty else { throw TestFailure("of volumes \(names) is left") }
  }

  /// Deletes the sessions that are left: those to which nobody has connected. The others end with their connections.
  func deleteSessions() throws {
    for name in fileNames(in: server.directory) where name.contains(".sock.S") {
      guard let slot = try sessionSlot("\(server.directory)/\(name)") else { continue }
      _ = try slot.client.request(WireClient.register)
      let reply = try slot.client.request(#"{"type":"delete_session_request"}"#)
      guard reply["type"] == .string("delete_session_reply"), try slot.client.isClosedSilently() else {
        throw TestFailure("\(name) is kept: \(reply)")
      }
    }
    let names = fileNames(in: server.directory).filter { $0.contains(".sock.S") }
    guard names.isEmpty else { throw TestFailure("of sessions \(names) is left") }
  }
}

extension FrameExpectation {
  fileprivate static func replyType(of request: String) -> String {
    (JSON(Array(request.utf8))?["type"]?.text ?? "").replacing("_request", with: "_reply")
  }
}
