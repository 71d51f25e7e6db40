import StoreProtocol

/// What create_data answers for one object.
public struct CreatedObject: Equatable, Sendable {
  public let id: ObjectID
  public let signature: UInt64
  public let instance: UInt64
}

extension Store {
  /// Stores objects, all or none.
  ///
  /// - Parameter volume: through which they come, if through one.
  public func createObjects(
    _ documents: [MetadataDocument], in session: Session, of volume: Volume? = nil
  ) throws(StoreError) -> [CreatedObject] {
    let owner = volume?.listingAccount
    var created: [CreatedObject] = []
    var all: [ObjectID] = []
    do throws(StoreError) {
      for document in documents { created.append(try createObject(document, in: session, owner, noting: &all)) }
    } catch {
      for id in all.reversed() { _ = session.metadata.remove(id) }
      throw error
    }
    if let volume, !volume.isWritten, !all.isEmpty { noteFirstWrite(volume) }
    note(.objects(session: session.id))
    return created
  }

  private func createObject(
    _ document: MetadataDocument, in session: Session, _ owner: Account?, noting created: inout [ObjectID]
  ) throws(StoreError) -> CreatedObject {
    let typename = try Self.requiredTypename(document)
    guard let instance = document.instance else {
      throw StoreError(.assertionFailed, "No 'instance_id' field in incoming metadata")
    }
    let (links, isLocal) = try resolveMembers(
      of: document, instance: instance, in: session, owner, noting: &created)
    let signature = document.signature ?? ids.signature(now: now)
    let stored = document.isGlobal && !isLocal ? InstanceID.unspecified : instance
    var record = MetadataRecord(
      document, typename: typename, signature: signature, instance: stored, timestamp: now, links: links)
    record.owner = owner
    let id = freshObjectID(in: session)
    session.metadata.insert(id, record)
    created.append(id)
    return CreatedObject(id: id, signature: signature, instance: stored)
  }

  private static func requiredTypename(_ document: MetadataDocument) throws(StoreError) -> String {
    guard let typename = document.typename else {
      throw StoreError(.metaTreeInvalid, "No 'typename' field in incoming metadata")
    }
    if typename == "vineyard::Blob" {
      throw StoreError(.assertionFailed, "Blob has no metadata: create it as a buffer")
    }
    return typename
  }

  /// Links the members of a document, creating those that are given whole under an id nobody has yet.
  ///
  /// - Returns: the links in the order of the fields, and whether all members are on `instance`.
  private func resolveMembers(
    of document: MetadataDocument, instance: UInt64, in session: Session, _ owner: Account?,
    noting created: inout [ObjectID]
  ) throws(StoreError) -> (links: [MemberLink], isLocal: Bool) {
    var links: [MemberLink] = []
    var isLocal = true
    for field in document.fields {
      guard case .member(let member) = field.value else { continue }
      let (target, place, isGlobal) = try resolve(member, instance: instance, in: session, owner, noting: &created)
      if place != instance {
        isLocal = false
        guard document.isGlobal else {
          throw StoreError(.globalObjectInvalid, "Local object cannot refer remote objects")
        }
      }
      if document.isGlobal, isGlobal {
        throw StoreError(.globalObjectInvalid, "Global object cannot have nested structure")
      }
      links.append(MemberLink(target: try globalize(target, document, member, session), instance: place))
    }
    return (links, isLocal)
  }

  /// Finds what a member stands for, and where it is.
  private func resolve(
    _ member: MetadataDocument, instance: UInt64, in session: Session, _ owner: Account?,
    noting created: inout [ObjectID]
  ) throws(StoreError) -> (MemberLink.Target, instance: UInt64, isGlobal: Bool) {
    guard let id = member.id else {
      throw StoreError(.metaTreeNameNotExists, "A member has no 'id' field in incoming metadata")
    }
    if id.isBlob {
      guard !member.isPlaceholder else {
        throw StoreError(.metaTreeInvalid, "The blob \(id) cannot be a member by its id alone")
      }
      return (.blob(id), member.instance ?? instance, false)
    }
    if let existing = session.metadata[id] {
      return (.object(id), member.instance ?? existing.instance, existing.isGlobal)
    }
    guard !member.isPlaceholder else {
      throw StoreError(.metaTreeSubtreeNotExists, "The member \(id) does not exist\(lossNote(for: id))")
    }
    let typename = try Self.requiredTypename(member)
    let place = member.instance ?? instance
    let (links, _) = try resolveMembers(of: member, instance: place, in: session, owner, noting: &created)
    if session.metadata.contains(id) { return (.object(id), place, member.isGlobal) }
    let signature = member.signature ?? ids.signature(now: now)
    var record = MetadataRecord(
      member, typename: typename, signature: signature, instance: place, timestamp: now, links: links)
    record.owner = owner
    session.metadata.insert(id, record)
    created.append(id)
    return (.object(id), place, member.isGlobal)
  }

  /// Members of global objects are linked by signature.
  private func globalize(
    _ target: MemberLink.Target, _ document: MetadataDocument, _ member: MetadataDocument, _ session: Session
  ) throws(StoreError) -> MemberLink.Target {
    guard document.isGlobal, case .object(let id) = target, let record = session.metadata[id] else { return target }
    return .signature(member.signature ?? record.signature, instance: record.instance, fallback: id)
  }

  // MARK: - State of objects

  /// Whether an object or blob exists; unsealed blobs do.
  public func exists(_ id: ObjectID, in session: Session) -> Bool {
    id.isBlob ? session.blobs[id] != nil : session.metadata.contains(id)
  }

  func requireObject(_ id: ObjectID, in session: Session) throws(StoreError) {
    if !session.metadata.contains(id) {
      throw StoreError(.metaTreeSubtreeNotExists, "get subtree failed: \(id)\(lossNote(for: id))")
    }
  }

  /// Makes an object and its members visible for good.
  public func persist(_ id: ObjectID, in session: Session) throws(StoreError) {
    if id.isBlob { throw StoreError(.assertionFailed, "The blob \(id) cannot be persisted") }
    try requireObject(id, in: session)
    var pending = [id]
    while let next = pending.popLast() {
      guard let record = session.metadata[next], record.isTransient else { continue }
      session.metadata.update(next) { $0.isTransient = false }
      for link in record.links where !link.id.isBlob { pending.append(link.id) }
    }
  }

  public func isPersistent(_ id: ObjectID, in session: Session) throws(StoreError) -> Bool {
    if id.isBlob { return false }
    try requireObject(id, in: session)
    return session.metadata[id]?.isTransient == false
  }

  /// Adds labels to an object, replacing those with the same keys.
  public func label(_ id: ObjectID, _ labels: [(String, String)], in session: Session) throws(StoreError) {
    guard session.metadata.contains(id) else {
      throw StoreError(.objectNotExists, "object \(id) does not exist\(lossNote(for: id))")
    }
    session.metadata.update(id) { record in
      for (key, value) in labels {
        record.labels.removeAll { $0.key == key }
        record.labels.append((key, value))
      }
      record.labels.sort { $0.key < $1.key }
    }
  }

  /// Copies an object under a new id, with the same members, and fields replaced or added.
  ///
  /// - Parameters:
  ///   - extra: keys and values as JSON text.
  ///   - volume: through which the request comes, if through one.
  public func shallowCopy(
    _ id: ObjectID, extra: [(key: [UInt8], value: [UInt8])], in session: Session, of volume: Volume? = nil
  ) throws(StoreError) -> ObjectID {
    if id.isBlob { throw StoreError(.assertionFailed, "The blob \(id) cannot be copied") }
    try requireObject(id, in: session)
    guard var copy = session.metadata[id] else { return id }
    for (key, value) in extra { copy.set(key, value) }
    copy.owner = volume?.listingAccount
    if let volume, !volume.isWritten { noteFirstWrite(volume) }
    let target = freshObjectID(in: session)
    session.metadata.insert(target, copy)
    note(.objects(session: session.id))
    return target
  }

  /// The local copy of an object: itself, while there is one instance.
  public func migrate(_ id: ObjectID, in session: Session) throws(StoreError) -> ObjectID {
    if id.isBlob { throw StoreError(.invalid, "The blob \(id) cannot be migrated") }
    try requireObject(id, in: session)
    if session.metadata[id]?.instance == InstanceID.unspecified {
      throw StoreError(.invalid, "The global object \(id) cannot be migrated")
    }
    return id
  }
}
