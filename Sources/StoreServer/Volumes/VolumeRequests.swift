import JSON
import StoreCore
import StoreProtocol

/// What a server does for volumes beyond the bookkeeping of the store: sockets, documents, clients to be shown out.
protocol VolumeHosting: AnyObject {
  /// Serves a volume again where a client has removed or replaced a socket of it.
  func mend(_ volume: Volume)
  func open(_ settings: VolumeSettings) throws(StoreError) -> Volume
  /// Changes what is not nil.
  func resizeVolume(_ id: String, _ change: VolumeChange) throws(StoreError) -> Volume
  func freezeVolume(_ id: String, _ isFrozen: Bool) throws(StoreError) -> Volume
  /// - Returns: whether there was one.
  func deleteVolume(_ id: String) throws(StoreError) -> Bool
  func createSnapshot(
    _ id: String, of source: String, attributes: [String: String]
  ) throws(StoreError) -> Volume
  /// - Returns: whether there was one.
  func deleteSnapshot(_ id: String) throws(StoreError) -> Bool
}

/// Requests about volumes as such, from those who run the store.
extension RequestHandler {
  private func host(for connection: ClientConnection) throws(StoreError) -> any VolumeHosting {
    try requireAdministrator(connection)
    guard let volumes else { throw StoreError(.serverNotReady, "volumes are not available yet") }
    return volumes
  }

  /// - Throws: unless a client may ask about volumes.
  private func requireAdministrator(_ connection: ClientConnection) throws(StoreError) {
    guard connection.client.session === store.root, connection.client.volume == nil else {
      throw StoreError(
        .notImplemented, "requests about volumes are answered on the main socket only, \(identity.socketPath)")
    }
    try requireToken(connection)
  }

  /// - Throws: when a client comes over TCP and its message doesn't carry the admin token.
  func requireToken(_ connection: ClientConnection) throws(StoreError) {
    guard connection.kind == .rpc else { return }
    try adminToken.require(message.span("admin_token") == nil ? nil : try message.string("admin_token"))
  }

  func openVolume(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let settings = try VolumeSettings(message)
    return try start(
      FillingTask(settings.source, "open_volume_reply") { () throws(StoreError) in try host.open(settings) })
  }

  func inspectVolume(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    try requireAdministrator(connection)
    let kind = try message.volumeKind()
    let volume = try store.requireVolume(try message.volumeID(), kind)
    volumes?.mend(volume)
    return describe(volume, "inspect_volume_reply")
  }

  func listVolumes(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    try requireAdministrator(connection)
    return try start(ListVolumesTask())
  }

  func resizeVolume(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let id = try message.volumeID()
    let volume = try host.resizeVolume(id, try VolumeChange(message))
    return describe(volume, "resize_volume_reply")
  }

  func freezeVolume(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let volume = try host.freezeVolume(try message.volumeID(), try message.boolean("frozen"))
    return describe(volume, "freeze_volume_reply")
  }

  func deleteVolume(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    return deleted(try host.deleteVolume(try message.volumeID()), "delete_volume_reply")
  }

  func createSnapshot(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let (id, source) = (try message.volumeID(), try message.volumeID("source"))
    let attributes = try message.volumeAttributes()
    return try start(
      FillingTask(VolumeSource(kind: .volume, id: source), "create_snapshot_reply") { () throws(StoreError) in
        try host.createSnapshot(id, of: source, attributes: attributes)
      })
  }

  func deleteSnapshot(_ connection: ClientConnection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    return deleted(try host.deleteSnapshot(try message.volumeID()), "delete_snapshot_reply")
  }

  fileprivate func describe(_ volume: Volume, _ type: StaticString) -> Disposition {
    reply.beginFrame()
    reply.append("{\"type\":\"")
    reply.append(type)
    reply.append("\",\"volume\":")
    reply.append(VolumeRecord(volume, in: store))
    reply.append("}")
    reply.endFrame()
    return .reply
  }

  private func deleted(_ wasThere: Bool, _ type: StaticString) -> Disposition {
    reply.beginFrame()
    reply.append(wasThere ? "{\"deleted\":true" : "{\"deleted\":false")
    reply.append(",\"type\":\"")
    reply.append(type)
    reply.append("\"}")
    reply.endFrame()
    return .reply
  }
}

/// list_volumes: finds the volumes and snapshots and writes them.
private struct ListVolumesTask: RequestTask {
  private var listing = VolumeListing()
  private var found: [Volume]?
  private var next = 0

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let (store, reply) = (handler.store, handler.reply)
    if found == nil {
      guard let volumes = listing.step(store) else { return nil }
      found = volumes
      begin(reply, store)
    }
    guard let found else { return nil }
    while next < found.count {
      if store.work.isSpent { return nil }
      let before = reply.count
      if next > 0 { reply.append(",") }
      reply.append(VolumeRecord(found[next], in: store))
      store.work.spend(Work.item + 4 * (reply.count - before))
      next += 1
    }
    reply.append("]}")
    reply.endFrame()
    return .reply
  }

  private func begin(_ reply: ByteWriter, _ store: Store) {
    store.work.spend(store.volumes.count * 16)
    reply.beginFrame()
    reply.append("{\"room\":")
    reply.append(store.capacity)
    reply.append(",\"type\":\"list_volumes_reply\",\"volumes\":[")
  }
}

/// open_volume and create_snapshot: makes what may start with a copy of something, and answers when all is copied.
private struct FillingTask: RequestTask {
  private let source: VolumeSource?
  private let type: StaticString
  private let make: () throws(StoreError) -> Volume
  private var volume: Volume?

  init(_ source: VolumeSource?, _ type: StaticString, _ make: @escaping () throws(StoreError) -> Volume) {
    self.source = source
    self.type = type
    self.make = make
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    if volume == nil {
      if let source = source.flatMap({ store.volume($0.id, $0.kind) }), source.isBeingFilled {
        return wait(for: source)
      }
      volume = try make()
    }
    guard let volume else { return nil }
    if volume.isBeingFilled { return wait(for: volume) }
    guard store.volume(volume.id, volume.kind) === volume else {
      throw StoreError(.objectNotExists, "\(volume.kind.rawValue) '\(volume.id)' was deleted while it was filled")
    }
    return handler.describe(volume, type)
  }

  private func wait(for volume: Volume) -> Disposition { .park(.contents(session: volume.session.id)) }
}
