import JSON
import Testing

@testable import StoreProtocol

@Suite("JSON of volumes")
struct VolumeCodingTests {
  private static var settings: VolumeSettings {
    var settings = VolumeSettings(id: "pvc-1")
    settings.scope = .cluster
    settings.onDelete = .retain
    settings.isEphemeral = true
    settings.quota = .max
    settings.attributes = ["b": "2", "a": #"ü "q" \"#]
    settings.source = VolumeSource(kind: .snapshot, id: "snap-1")
    settings.overwrite = .delete
    settings.deletedMemory = .keep
    return settings
  }

  private static var record: VolumeRecord {
    var record = VolumeRecord(id: "pvc-1", kind: .snapshot)
    record.scope = .cluster
    record.onDelete = .retain
    record.isEphemeral = true
    record.quota = 1 << 40
    record.used = .max
    (record.objects, record.names, record.connections) = (7, 5, 3)
    record.isFrozen = true
    record.locality = .cluster
    record.condition = VolumeCondition(isAbnormal: true, message: "nearly full")
    record.created = 1_700_000_000_000
    record.lostContentsAt = 42
    record.overwrite = .keep
    record.deletedMemory = .reuse
    record.source = "pvc-0"
    record.attributes = ["k": "v"]
    return record
  }

  private func text(of request: VolumeRequest, _ token: String? = nil) -> String {
    String(decoding: request.json(adminToken: token), as: UTF8.self)
  }

  private func message<Value>(
    _ text: String, _ read: (RequestMessage) throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    // The message points into the text.
    let text = JSONText(text)
    defer { withExtendedLifetime(text) {} }
    return try read(try text.message())
  }

  @Test("settings come back as they were written, with all fields and with none")
  func settings() throws {
    for settings in [Self.settings, VolumeSettings(id: "v")] {
      let read = try message(text(of: .open(settings))) { message throws(StoreError) in try VolumeSettings(message) }
      #expect(read == settings)
    }
    #expect(Self.settings.limit == .max && VolumeSettings(id: "v").limit == nil)
  }

  @Test("a document that stores share comes back as it was written; settings without a locality are for one store")
  func sharedVolume() throws {
    var settings = Self.settings
    settings.locality = .cluster
    for volume in [
      SharedVolume(settings, session: 0xf1e, created: 7, isFrozen: true, generation: 9),
      SharedVolume(VolumeSettings(id: "v"), session: .max, created: 0),
    ] { #expect(try SharedVolume(volume.json) == volume) }
    var snapshot = SharedVolume(settings, session: 0xf1e, created: 7)
    snapshot.contents = SnapshotContents(objects: 2, names: 1, parts: [1: 100, 12: 0])
    #expect(try SharedVolume(snapshot.json) == snapshot && snapshot.contents?.used == 100)
    #expect(try SharedVolume(Array(#"{"id":"v","session":"S01","created":1,"generation":1}"#.utf8)).session == 1)
  }

  @Test(
    "[Error] a document without a session, or with one that is no number",
    arguments: [
      #"{"id":"v","created":1,"generation":1}"#, #"{"id":"v","session":"Sx","created":1,"generation":1}"#,
      #"{"id":"v","session":1,"created":1,"generation":1}"#, "[]", "",
    ])
  func unreadableSharedVolume(json: String) {
    #expect(throws: StoreError.self) { try SharedVolume(Array(json.utf8)) }
  }

  @Test("a record comes back as it was written, with all fields and with none")
  func record() throws {
    for record in [Self.record, VolumeRecord(id: "v")] {
      let json = StoreProtocolTests.text { $0.append(record) }
      #expect(try message(json) { message throws(StoreError) in try VolumeRecord(message) } == record)
    }
  }

  @Test("a record of an older store has the defaults for what it does not send, and a policy of a newer one is none")
  func foreignRecord() throws {
    let old = try message(#"{"id":"v"}"#) { message throws(StoreError) in try VolumeRecord(message) }
    #expect(old == VolumeRecord(id: "v"))
    let new = #"{"id":"v","overwrite":"x","deleted_memory":"y","more":{}}"#
    #expect(try message(new) { message throws(StoreError) in try VolumeRecord(message) } == VolumeRecord(id: "v"))
  }

  @Test(
    "[Error] a record without an id, or of a kind, scope or type that is not known",
    arguments: [
      "{}", #"{"id":1}"#, #"{"id":"v","kind":"x"}"#, #"{"id":"v","scope":"x"}"#, #"{"id":"v","on_delete":"x"}"#,
      #"{"id":"v","condition":1}"#, #"{"id":"v","used":"1"}"#,
    ])
  func unreadable(json: String) {
    #expect(throws: StoreError.self) {
      try message(json) { message throws(StoreError) in try VolumeRecord(message) }
    }
  }

  @Test("a capacity comes back as it was written; what is available is never negative")
  func capacity() throws {
    let capacity = StoreCapacity(limit: 1000, used: 300, reserved: 200)
    let json = StoreProtocolTests.text { $0.append(capacity) }
    #expect(json == #"{"limit":1000,"promised":200,"shared":false,"used":300}"#)
    #expect(try message(json) { message throws(StoreError) in try StoreCapacity(message) } == capacity)
    #expect(capacity.available == 500)
    var shared = capacity
    shared.isShared = true
    shared.instances = [
      InstanceCapacity(
        instance: 3, node: "n", endpoint: "n:1", isReachable: false, limit: 1000, used: 300, promised: 200)
    ]
    let text = StoreProtocolTests.text { $0.append(shared) }
    #expect(try message(text) { message throws(StoreError) in try StoreCapacity(message) } == shared)
    #expect(StoreCapacity(limit: 10, used: 8, reserved: 8).available == 0)
    #expect(StoreCapacity(limit: 10, used: .max, reserved: .max).available == 0)
  }

  @Test("a change comes back as it was written, and one of nothing but the policy leaves the quota")
  func change() throws {
    for change in [
      VolumeChange(quota: 0), VolumeChange(quota: 7, onDelete: .retain), VolumeChange(onDelete: .delete),
    ] {
      let json = text(of: .resize("v", change))
      #expect(try message(json) { message throws(StoreError) in try VolumeChange(message) } == change)
    }
    #expect(throws: StoreError.self) {
      try message(#"{"id":"v"}"#) { message throws(StoreError) in try VolumeChange(message) }
    }
  }

  @Test(
    "a quota below zero or beyond 2^63 - 1 is refused",
    arguments: ["-5", "9223372036854775808", "18446744073709551615"])
  func impossibleQuota(_ quota: String) throws {
    let failure = #expect(throws: StoreError.self) {
      try message(#"{"id":"v","quota":\#(quota)}"#) { message throws(StoreError) in try VolumeChange(message) }
    }
    #expect(failure?.code == .userInputError)
  }

  @Test("requests are written byte for byte as ever")
  func requests() {
    let open =
      #"{"id":"pvc-1","scope":"cluster","on_delete":"retain","ephemeral":true,"quota":18446744073709551615,"#
      + #""attributes":{"a":"ü \"q\" \\","b":"2"},"overwrite":"delete","deleted_memory":"keep","#
      + #""source":{"kind":"snapshot","id":"snap-1"},"type":"open_volume_request","admin_token":"t"}"#
    #expect(text(of: .open(Self.settings), "t") == open)
    #expect(text(of: .inspect("v", .snapshot)) == #"{"id":"v","kind":"snapshot","type":"inspect_volume_request"}"#)
    #expect(text(of: .list) == #"{"type":"list_volumes_request"}"#)
    #expect(
      text(of: .resize("v", VolumeChange(quota: 1, onDelete: .delete)))
        == #"{"id":"v","on_delete":"delete","quota":1,"type":"resize_volume_request"}"#)
    #expect(text(of: .freeze("v", isFrozen: true)) == #"{"id":"v","frozen":true,"type":"freeze_volume_request"}"#)
    #expect(text(of: .delete("v")) == #"{"id":"v","type":"delete_volume_request"}"#)
    #expect(
      text(of: .createSnapshot("s", of: "v", attributes: [:]))
        == #"{"id":"s","source":"v","attributes":{},"type":"create_snapshot_request"}"#)
    #expect(text(of: .deleteSnapshot("s")) == #"{"id":"s","type":"delete_snapshot_request"}"#)
    #expect(text(of: .forgetNode("n")) == #"{"node":"n","type":"forget_node_volumes_request"}"#)
    #expect(text(of: .open(VolumeSettings(id: "v"), prefetch: true)).contains(#","prefetch":true,"type":"#))
  }

  @Test(
    "what can be an id",
    arguments: [
      ("a", true), ("A-z_0.9", true), (String(repeating: "x", count: 128), true), ("...", true), (".a", true),
      ("", false), (".", false), ("..", false), ("a/b", false), ("a b", false), ("ä", false), ("a\0", false),
      (String(repeating: "x", count: 129), false),
    ])
  func ids(id: String, isValid: Bool) { #expect(VolumeSettings.isValid(id: id) == isValid) }
}
