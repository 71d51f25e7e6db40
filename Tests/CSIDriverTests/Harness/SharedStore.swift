import Glibc
import JSON
import StoreClient
import StoreProtocol
import Support
import Synchronization
import Testing

@testable import CSIDriver

/// The metadata of stores of one etcd, as far as their volumes go.
final class SharedVolumes: Sendable {
  struct State {
    var volumes: [String: VolumeSettings] = [:]
    /// Nodes whose store has a volume open.
    var open: [String: Set<String>] = [:]
    /// Bytes of each store.
    var memory: [String: UInt64] = [:]
    /// Requests that open a volume, by node.
    var opened: [String] = []
  }

  let state = Mutex(State())

  var names: [String] { state.withLock { $0.volumes.keys.sorted() } }
  /// The nodes whose stores serve a volume.
  func nodes(_ id: String) -> Set<String> { state.withLock { $0.open[id] ?? [] } }
}

/// Double of a store that shares metadata: it answers about volumes on its main socket and holds no bytes.
///
/// A volume of locality `node` is known to its store alone; one of locality `cluster` to all, and open where it was opened.
final class SharedStore: StoreStandIn {
  let name: String
  let directoryPath: String
  let isReady = Mutex(true)
  var readiness: Bool { isReady.withLock { $0 } }
  private let shared: SharedVolumes
  private let directory: TemporaryDirectory
  private let listener: CInt
  private let thread: BackgroundThread

  init(_ name: String, _ shared: SharedVolumes, memory: UInt64 = 64 << 20) throws {
    self.name = name
    self.shared = shared
    directory = try TemporaryDirectory()
    directoryPath = directory.path
    shared.state.withLock { $0.memory[name] = memory }
    let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    try #require(try UnixAddress("\(directory.path)/vineyard.sock").bind(listener, mode: 0o600) == 0)
    try #require(listen(listener, 64) == 0)
    self.listener = listener
    let answer = Self.answers(name, shared)
    thread = try BackgroundThread(named: "shared-store") {
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        guard startThread(named: "shared-client", { Self.serve(client, answer) }) else {
          close(client)
          return
        }
      }
    }
  }

  deinit {
    // Ends accept(2).
    shutdown(listener, CInt(SHUT_RDWR))
    thread.join()
    close(listener)
  }

  private static func serve(_ file: CInt, _ answer: @Sendable (RequestMessage) throws(StoreError) -> [UInt8]) {
    defer { close(file) }
    while let header = read(8, file) {
      let length = Int(header.withUnsafeBytes { Frame.length($0) })
      guard let body = read(length, file) else { return }
      let reply = body.withUnsafeBytes { bytes -> [UInt8] in
        do throws(StoreError) {
          let message = RequestMessage()
          try message.parse(bytes)
          return try answer(message)
        } catch {
          let writer = ByteWriter(capacity: 256)
          writer.beginObject()
          writer.field("type", "error_reply")
          writer.field("code", UInt64(error.code.rawValue))
          writer.field("message", error.message)
          writer.endObject()
          return Array(writer.bytes)
        }
      }
      let frame = StoreClient.frame(reply)
      guard send(file, frame, frame.count, CInt(MSG_NOSIGNAL)) == frame.count else { return }
    }
  }

  private static func read(_ count: Int, _ file: CInt) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return recv(file, &bytes, count, CInt(MSG_WAITALL)) == count ? bytes : nil
  }
}

// MARK: - Answers

extension SharedStore {
  private static func answers(
    _ node: String, _ shared: SharedVolumes
  ) -> @Sendable (RequestMessage) throws(StoreError) -> [UInt8] {
    { (message) throws(StoreError) in
      let type = try message.string("type")
      let writer = ByteWriter(capacity: 1024)
      writer.beginObject()
      writer.field("type", "reply")
      let result = shared.state.withLock { state in
        Result { () throws(StoreError) in try answer(type, message, node, &state, writer) }
      }
      try result.get()
      writer.endObject()
      return Array(writer.bytes)
    }
  }

  private static func answer(
    _ type: String, _ message: RequestMessage, _ node: String, _ state: inout SharedVolumes.State, _ writer: ByteWriter
  ) throws(StoreError) {
    switch type {
    case RequestType.listVolumes.rawValue:
      writer.beginArray("volumes")
      for (id, settings) in state.volumes.sorted(by: { $0.key < $1.key }) where isKnown(settings, id, node, state) {
        writer.separate()
        writer.append(record(settings))
      }
      writer.endArray()
      writer.key("room")
      var capacity = StoreCapacity(limit: state.memory[node] ?? 0, used: 0, reserved: 0)
      capacity.isShared = true
      writer.append(capacity)
    case RequestType.openVolume.rawValue:
      let settings = try VolumeSettings(message)
      state.opened.append(node)
      if let present = state.volumes[settings.id], isKnown(present, settings.id, node, state) {
        guard present == settings else { throw StoreError(.objectExists, "it exists already, and is different") }
      } else {
        let room = settings.locality == .cluster ? state.memory.values.reduce(0, +) : state.memory[node] ?? 0
        guard settings.quota <= room else { throw StoreError(.notEnoughMemory, "there is no room") }
        state.volumes[settings.id] = settings
      }
      state.open[settings.id, default: []].insert(node)
      append(settings, writer)
    case RequestType.inspectVolume.rawValue: append(try known(message, node, state), writer)
    case RequestType.resizeVolume.rawValue:
      var settings = try known(message, node, state)
      let quota = try VolumeChange(message).quota ?? settings.quota
      guard quota <= state.memory.values.reduce(0, +) else { throw StoreError(.notEnoughMemory, "there is no room") }
      settings.quota = quota
      state.volumes[settings.id] = settings
      append(settings, writer)
    case RequestType.deleteVolume.rawValue:
      let id = try message.volumeID()
      writer.field("deleted", state.volumes.removeValue(forKey: id) != nil)
      state.open[id] = nil
    default: break
    }
  }

  private static func known(
    _ message: RequestMessage, _ node: String, _ state: SharedVolumes.State
  ) throws(StoreError) -> VolumeSettings {
    let id = try message.volumeID()
    guard let settings = state.volumes[id], isKnown(settings, id, node, state) else {
      throw StoreError(.objectNotExists, "volume '\(id)' does not exist in this store")
    }
    return settings
  }

  private static func isKnown(
    _ settings: VolumeSettings, _ id: String, _ node: String, _ state: SharedVolumes.State
  ) -> Bool { settings.locality == .cluster || state.open[id]?.contains(node) == true }

  private static func append(_ settings: VolumeSettings, _ writer: ByteWriter) {
    writer.key("volume")
    writer.append(record(settings))
  }

  private static func record(_ settings: VolumeSettings) -> VolumeRecord {
    var record = VolumeRecord(id: settings.id)
    record.scope = settings.scope
    record.onDelete = settings.onDelete
    record.locality = settings.locality
    record.quota = settings.quota
    record.attributes = settings.attributes
    record.source = settings.source?.id
    record.overwrite = settings.overwrite
    record.deletedMemory = settings.deletedMemory
    return record
  }
}
