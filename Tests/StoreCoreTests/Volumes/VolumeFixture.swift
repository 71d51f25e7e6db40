import StoreCore
import StoreProtocol

extension StoreFixture {
  @discardableResult
  func open(
    _ id: String, scope: Volume.Scope = .volume, onDelete: Volume.Deletion = .delete, quota: UInt64 = 0,
    from source: Volume.Source? = nil
  ) throws -> Volume {
    var settings = Volume.Settings(id: id)
    settings.scope = scope
    settings.onDelete = onDelete
    settings.quota = quota
    settings.source = source
    return try store.openVolume(settings).volume
  }

  func connect(to volume: Volume, isReadOnly: Bool = false) -> Client {
    store.connect(to: volume, label: "a client of \(volume.id)", isReadOnly: isReadOnly)
  }

  /// An object made through a client, with one sealed blob of `size` bytes.
  func put(_ size: UInt64, by client: Client, name: String? = nil) throws -> (object: ObjectID, blob: ObjectID) {
    let blob = try sealedBlob(size, by: client)
    let object = try put(members: [blob], by: client)
    if let name { try self.name(object, name, by: client) }
    return (object, blob)
  }

  /// An object made through a client.
  func put(members ids: [ObjectID] = [], by client: Client) throws -> ObjectID {
    let document = try Self.document(Self.text("t::Object", members: ids))
    return try store.createObjects([document], in: client.session, of: client.volume)[0].id
  }

  func name(_ object: ObjectID, _ name: String, by client: Client) throws {
    try store.persist(object, in: client.session)
    try store.putName(name, to: object, in: client.session)
  }

  func object(named name: String, in session: Session) -> ObjectID? {
    (try? store.getName(name, wait: false, in: session)).flatMap { value($0) }
  }
}
