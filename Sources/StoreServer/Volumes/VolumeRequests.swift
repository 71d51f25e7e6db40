import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

/// Requests about volumes as such, from those who run the store.
extension RequestHandler {
  /// Whether the file of the admin token has to be read before a request is handled.
  func needsToken(_ connection: Connection) -> Bool {
    connection.kind == .rpc && adminToken.path != nil && connection.adminToken == nil
  }

  /// Whether that is so for the registration read last, since it names a session or a volume, or has a token.
  func registrationNeedsToken(_ connection: Connection) -> Bool {
    guard needsToken(connection) else { return false }
    if message.span("volume") != nil || message.span("admin_token") != nil { return true }
    guard message.span("session_id") != nil else { return false }
    return (try? message.integer("session_id")) != connection.client.session.id
  }

  private func host(for connection: Connection) throws(StoreError) -> VolumeHost {
    try requireAdministrator(connection)
    guard let volumes else { throw StoreError(.serverNotReady, "volumes are not available yet") }
    return volumes
  }

  /// - Throws: unless a client may ask about volumes.
  private func requireAdministrator(_ connection: Connection) throws(StoreError) {
    guard connection.client.session === store.root, connection.client.volume == nil else {
      throw StoreError(
        .notImplemented, "requests about volumes are answered on the main socket only, \(identity.socketPath)")
    }
    try requireToken(connection)
  }

  /// - Throws: when a client comes over TCP and its message doesn't carry the admin token.
  func requireToken(_ connection: Connection) throws(StoreError) {
    guard connection.kind == .rpc else { return }
    try adminToken.require(
      message.span("admin_token") == nil ? nil : try message.string("admin_token"), content: connection.adminToken)
  }

  func openVolume(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let settings = try VolumeSettings(message)
    // A document of an earlier release may have any.
    if message.span("quota") != nil { _ = try message.byteCount("quota") }
    let isPrefetched = try message.boolean("prefetch", default: false)
    if settings.locality == .cluster {
      return try start(
        SharedVolumeTask(host, settings.id) { () throws(StoreError) in
          try host.openShared(settings)
        } finish: { (handler) throws(StoreError) in
          let volume = try handler.store.requireVolume(settings.id)
          if isPrefetched { handler.prefetches?.begin(volume) }
          return handler.describe(volume, "open_volume_reply")
        })
    }
    return try start(
      FillingTask(host, [settings.id], settings.source, "open_volume_reply") { () throws(StoreError) in
        try host.open(settings)
      })
  }

  func inspectVolume(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let kind = try message.volumeKind()
    let id = try message.volumeID()
    guard kind == .volume else {
      if store.snapshots[id] == nil, let document = host.sharedSnapshot(of: id) {
        return describe(host.record(ofSnapshot: document), "inspect_volume_reply")
      }
      return describe(try store.requireVolume(id, kind), "inspect_volume_reply")
    }
    return try start(
      VolumeTask(host, id) { (handler) throws(StoreError) in
        if handler.store.volumes[id] == nil, let document = host.sharedDocument(of: id) {
          return handler.describe(host.record(of: document), "inspect_volume_reply")
        }
        let volume = try handler.store.requireVolume(id)
        return handler.describe(
          volume, "inspect_volume_reply", when: host.repair(volume, then: .send(arena: false, nil)))
      })
  }

  func listVolumes(_ connection: Connection) throws(StoreError) -> Disposition {
    try requireAdministrator(connection)
    return try start(ListVolumesTask())
  }

  func resizeVolume(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let id = try message.volumeID()
    let change = try VolumeChange(message)
    if host.sharedDocument(of: id) != nil {
      return try changeShared(host, id, .settings(change), "resize_volume_reply")
    }
    return try start(
      VolumeTask(host, id) { (handler) throws(StoreError) in
        let (volume, held) = try host.resize(id, change)
        return handler.describe(volume, "resize_volume_reply", when: held)
      })
  }

  func freezeVolume(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let (id, isFrozen) = (try message.volumeID(), try message.boolean("frozen"))
    if host.sharedDocument(of: id) != nil {
      return try changeShared(host, id, .freezing(isFrozen), "freeze_volume_reply")
    }
    return try start(
      VolumeTask(host, id) { (handler) throws(StoreError) in
        let (volume, held) = try host.freeze(id, isFrozen)
        return handler.describe(volume, "freeze_volume_reply", when: held)
      })
  }

  func deleteVolume(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let id = try message.volumeID()
    if host.sharedDocument(of: id) != nil {
      return try start(
        SharedVolumeTask(host, id) { () throws(StoreError) in
          try host.deleteShared(id)
        } finish: { (handler) throws(StoreError) in
          handler.deleted(true, "delete_volume_reply")
        })
    }
    return try start(
      VolumeTask(host, id) { (handler) throws(StoreError) in
        let (wasThere, held) = host.delete(id)
        _ = handler.deleted(wasThere, "delete_volume_reply")
        return .hold(held)
      })
  }

  private func changeShared(
    _ host: VolumeHost, _ id: String, _ change: SharedVolumeChange, _ type: StaticString
  ) throws(StoreError) -> Disposition {
    try start(
      SharedVolumeTask(host, id) { () throws(StoreError) in
        try host.changeShared(id, change)
      } finish: { (handler) throws(StoreError) in
        if let volume = handler.store.volumes[id] { return handler.describe(volume, type) }
        guard let document = host.sharedDocument(of: id) else { throw handler.store.unknownVolume(id) }
        return handler.describe(host.record(of: document), type)
      })
  }

  func createSnapshot(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let (id, source) = (try message.volumeID(), try message.volumeID("source"))
    let attributes = try message.volumeAttributes()
    if host.isSharedSource(source) {
      var made: SharedVolume?
      return try start(
        SharedVolumeTask(host, VolumeHost.busyKey(snapshot: id)) { () throws(StoreError) in
          try host.createSharedSnapshot(id, of: source, attributes: attributes) { made = $0 }
        } finish: { (handler) throws(StoreError) in
          guard let document = made else { throw handler.store.unknownVolume(id, .snapshot) }
          return handler.describe(host.record(ofSnapshot: document), "create_snapshot_reply")
        })
    }
    return try start(
      FillingTask(host, [], VolumeSource(kind: .volume, id: source), "create_snapshot_reply") {
        () throws(StoreError) in
        try host.createSnapshot(id, of: source, attributes: attributes)
      })
  }

  func deleteSnapshot(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let id = try message.volumeID()
    if host.isShared(snapshot: id) {
      var wasThere = true
      return try start(
        SharedVolumeTask(host, VolumeHost.busyKey(snapshot: id)) { () throws(StoreError) in
          try host.deleteSharedSnapshot(id) { wasThere = $0 }
        } finish: { (handler) throws(StoreError) in
          handler.deleted(wasThere, "delete_snapshot_reply")
        })
    }
    let (wasThere, held) = host.deleteSnapshot(id)
    let disposition = deleted(wasThere, "delete_snapshot_reply")
    return held.map { .hold($0) } ?? disposition
  }

  /// Forgets what stores had that were on a node which is gone.
  func forgetNode(_ connection: Connection) throws(StoreError) -> Disposition {
    let host = try host(for: connection)
    let isForgotten = host.server.sharedVolumes?.forget(node: try message.string("node")) ?? false
    reply.frame {
      $0.field("forgotten", isForgotten)
      $0.type("forget_node_volumes_reply")
    }
    return .reply
  }

  fileprivate func describe(_ volume: Volume, _ type: StaticString) -> Disposition {
    describe(record(of: volume), type)
  }

  fileprivate func describe(_ record: VolumeRecord, _ type: StaticString) -> Disposition {
    reply.frame {
      $0.type(type)
      $0.key("volume")
      $0.append(record)
    }
    return .reply
  }

  fileprivate func record(of volume: Volume) -> VolumeRecord {
    volumes?.record(of: volume) ?? VolumeRecord(volume, in: store)
  }

  /// The same, when its files are changed.
  fileprivate func describe(_ volume: Volume, _ type: StaticString, when held: HeldReply) -> Disposition {
    _ = describe(volume, type)
    return .hold(held)
  }

  fileprivate func deleted(_ wasThere: Bool, _ type: StaticString) -> Disposition {
    reply.frame {
      $0.field("deleted", wasThere)
      $0.type(type)
    }
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
      begin(reply, store, handler.volumes?.capacity ?? store.capacity)
    }
    guard let found else { return nil }
    while next < found.count {
      if store.work.isSpent { return nil }
      let before = reply.count
      reply.separate()
      reply.append(handler.record(of: found[next]))
      store.work.spend(Work.item + 4 * (reply.count - before))
      next += 1
    }
    reply.endArray()
    reply.endFrame()
    return .reply
  }

  private func begin(_ reply: ByteWriter, _ store: Store, _ capacity: StoreCapacity) {
    store.work.spend(store.volumes.count * 16)
    reply.beginFrame()
    reply.key("room")
    reply.append(capacity)
    reply.type("list_volumes_reply")
    reply.beginArray("volumes")
  }
}

/// A request that changes one volume, when nothing else is under way with its files.
private struct VolumeTask: RequestTask {
  private let host: VolumeHost
  private let id: String
  private let change: (RequestHandler) throws(StoreError) -> Disposition

  init(_ host: VolumeHost, _ id: String, _ change: @escaping (RequestHandler) throws(StoreError) -> Disposition) {
    self.host = host
    self.id = id
    self.change = change
  }

  func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    if let key = host.obstacle(id) { return .park(key) }
    return try change(handler)
  }
}

/// A request about a volume of several stores: others have their say first.
private struct SharedVolumeTask: RequestTask {
  private let host: VolumeHost
  private let id: String
  private let begin: () throws(StoreError) -> HeldReply
  private let finish: (RequestHandler) throws(StoreError) -> Disposition
  private var isBegun = false

  init(
    _ host: VolumeHost, _ id: String, begin: @escaping () throws(StoreError) -> HeldReply,
    finish: @escaping (RequestHandler) throws(StoreError) -> Disposition
  ) {
    self.host = host
    self.id = id
    self.begin = begin
    self.finish = finish
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    if isBegun { return try finish(handler) }
    if let key = host.obstacle(id) { return .park(key) }
    isBegun = true
    return .hold(try begin())
  }
}

/// open_volume and create_snapshot: makes what may start with a copy of something, and answers when all is copied.
private struct FillingTask: RequestTask {
  private let host: VolumeHost
  /// The volumes with which nothing else may be under way.
  private var ids: [String]
  private let source: VolumeSource?
  private let type: StaticString
  private let make: () throws(StoreError) -> (volume: Volume, held: HeldReply)
  private var volume: Volume?
  /// Why the volume, which is being deleted, could not be filled.
  private var failure: StoreError?

  init(
    _ host: VolumeHost, _ ids: [String], _ source: VolumeSource?, _ type: StaticString,
    _ make: @escaping () throws(StoreError) -> (volume: Volume, held: HeldReply)
  ) {
    self.host = host
    self.ids = ids
    if let source, source.kind == .volume { self.ids.append(source.id) }
    self.source = source
    self.type = type
    self.make = make
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    guard let volume else {
      for id in ids { if let key = host.obstacle(id) { return .park(key) } }
      if let source = source.flatMap({ store.volume($0.id, $0.kind) }), source.isBeingFilled {
        return wait(for: source)
      }
      let made = try make()
      volume = made.volume
      return .hold(made.held)
    }
    if volume.isBeingFilled { return wait(for: volume) }
    if let failure = failure ?? volume.fillFailure {
      // The volume goes first, then the client hears of it.
      guard self.failure == nil, store.volume(volume.id, volume.kind) === volume else { throw failure }
      if let key = host.obstacle(volume.id) { return .park(key) }
      self.failure = failure
      return .hold(host.discard(volume))
    }
    guard store.volume(volume.id, volume.kind) === volume else {
      throw StoreError(.objectNotExists, "\(volume.kind.rawValue) '\(volume.id)' was deleted while it was filled")
    }
    return handler.describe(volume, type)
  }

  private func wait(for volume: Volume) -> Disposition { .park(.contents(session: volume.session.id)) }
}

extension VolumeRecord {
  /// The state of a volume or a snapshot of a store.
  init(_ volume: Volume, in store: Store) {
    self.init(id: volume.id, kind: volume.kind)
    scope = volume.settings.scope
    locality = volume.settings.locality
    onDelete = volume.settings.onDelete
    isEphemeral = volume.settings.isEphemeral
    quota = volume.settings.quota
    used = volume.usage.used
    objects = volume.objectCount
    names = volume.nameCount
    connections = volume.connections
    isFrozen = volume.isFrozen
    if let message = store.condition(of: volume) { condition = VolumeCondition(isAbnormal: true, message: message) }
    created = volume.created
    lostContentsAt = volume.lostContentsAt
    overwrite = volume.settings.overwrite
    deletedMemory = volume.settings.deletedMemory
    source = volume.settings.source?.id
    attributes = volume.settings.attributes
  }
}
