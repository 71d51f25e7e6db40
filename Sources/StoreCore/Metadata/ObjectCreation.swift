import StoreProtocol

/// Stores objects, all or none: their members first, those that are given whole under an id nobody has yet.
public struct ObjectCreation: StoreTask {
  /// An object whose members are being resolved.
  private struct Frame {
    let document: MetadataDocument
    let typename: String
    let instance: UInt64
    var nextField = 0
    var links: [MemberLink] = []
    /// Whether all members are on `instance`.
    var isLocal = true
    /// Once all members are resolved.
    var laying: Laying?
  }

  /// An object whose members are noted in the graph and whose fields are laid out.
  private struct Laying {
    let id: ObjectID
    var linked = 0
    var layout: RecordLayout
  }

  private var documents: [MetadataDocument]
  private let session: Session
  private let volume: Volume?
  private let client: Client?
  private let owner: VolumeUsage?
  private var stack: [Frame] = []
  private var created: [CreatedObject] = []
  /// Objects and members made so far.
  private var made: [ObjectID] = []
  /// The error for which all objects made so far are taken back.
  private var failure: StoreError?
  private var unlinking: Unlinking?
  /// The copying of a member that is on another store.
  private var migration: Migration?
  /// Blobs that were copies of another store's.
  private var kept: [ObjectID] = []

  /// - Parameter volume: through which they come, if through one.
  public init(_ documents: [MetadataDocument], in session: Session, of volume: Volume?) {
    self.documents = documents
    self.session = session
    self.volume = volume
    client = nil
    owner = volume?.sharedSessionUsage
  }

  /// - Parameter client: which makes them.
  public init(_ documents: [MetadataDocument], by client: Client) {
    self.documents = documents
    self.client = client
    session = client.session
    volume = client.volume
    owner = volume?.sharedSessionUsage
  }

  /// Makes some of the objects, or takes some back after a failure.
  ///
  /// - Throws: metaTreeInvalid, metaTreeNameNotExists or assertionFailed for an incomplete document,
  ///   metaTreeSubtreeNotExists for an unknown member, globalObjectInvalid for a member that may not be one,
  ///   objectExists for a member that somebody else makes or deletes meanwhile; nothing is left then.
  public mutating func step(_ store: Store) throws(StoreError) -> [CreatedObject]? {
    if failure == nil {
      do throws(StoreError) {
        guard try create(store) else { return nil }
        if let volume, !volume.isWritten, !made.isEmpty { store.noteFirstWrite(volume) }
        if let client { for object in created { store.noteUnfinished(object.id, of: client) } }
        return created
      } catch { failure = error }
    }
    guard let failure, takeBack(store) else { return nil }
    throw failure
  }

  /// Gives the documents away once all is made or given up.
  public mutating func takeDocuments() -> [MetadataDocument] {
    stack = []
    defer { documents = [] }
    return documents
  }

  /// - Returns: whether all objects are made.
  private mutating func create(_ store: Store) throws(StoreError) -> Bool {
    while true {
      if stack.isEmpty {
        if created.count == documents.count { return true }
        try begin(documents[created.count], store)
      }
      if store.work.isSpent { return false }
      try advance(store)
    }
  }

  private mutating func begin(_ document: MetadataDocument, _ store: Store) throws(StoreError) {
    let typename = try Self.requiredTypename(document)
    guard let instance = document.instance else {
      throw StoreError(.assertionFailed, "No 'instance_id' field in incoming metadata")
    }
    stack.append(Frame(document: document, typename: typename, instance: instance))
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

  /// Does a little for the innermost object.
  private mutating func advance(_ store: Store) throws(StoreError) {
    let top = stack.count - 1
    let document = stack[top].document
    while stack[top].laying == nil, stack[top].nextField < document.fields.count {
      if store.work.isSpent { return }
      store.work.spend(Work.entry)
      guard case .member(let member) = document.fields[stack[top].nextField].value else {
        stack[top].nextField += 1
        continue
      }
      guard let found = try resolve(member, of: document.isGlobal, instance: stack[top].instance, store) else { return }
      try link(found, member, top)
    }
    if stack[top].laying == nil { try beginLaying(top, store) }
    if try lay(top, store) { try finish(top, store) }
  }

  // MARK: - Members

  private typealias Found = (target: MemberLink.Target, instance: UInt64, isGlobal: Bool)

  /// Finds the object or blob of a member, and its instance; nil when it has to be made first.
  private mutating func resolve(
    _ member: MetadataDocument, of isGlobal: Bool, instance: UInt64, _ store: Store
  ) throws(StoreError) -> Found? {
    guard let id = member.id else {
      throw StoreError(.metaTreeNameNotExists, "A member has no 'id' field in incoming metadata")
    }
    if id.isBlob {
      guard !member.isPlaceholder else {
        throw StoreError(.metaTreeInvalid, "The blob \(id) cannot be a member by its id alone")
      }
      // What was read from another store becomes this store's own.
      if store.isCopy(id, in: session) {
        try store.keepCopy(id, in: session, of: volume)
        kept.append(id)
      }
      return (.blob(id), member.instance ?? instance, false)
    }
    if let existing = session.metadata[id] {
      guard store.isElsewhere(existing) else {
        return (.object(id), member.instance ?? existing.instance, existing.isGlobal)
      }
      guard !isGlobal, instance == store.instances.local else { return (.object(id), existing.instance, false) }
      guard let target = try migrate(id, store) else { return nil }
      return (.object(target), instance, false)
    }
    guard !member.isPlaceholder else { throw Self.unknownMember(id, store) }
    let typename = try Self.requiredTypename(member)
    stack.append(Frame(document: member, typename: typename, instance: member.instance ?? instance))
    return nil
  }

  /// Makes a member of another store this store's own.
  ///
  /// - Returns: the new object, nil when there is more to do.
  private mutating func migrate(_ id: ObjectID, _ store: Store) throws(StoreError) -> ObjectID? {
    if let target = try store.migrate(id, in: session) { return target }
    var migration =
      migration ?? Migration(id, in: session, of: volume, by: client, isTransient: true)
    self.migration = nil
    guard let target = try migration.step(store) else {
      self.migration = migration
      return nil
    }
    made += migration.made
    return target
  }

  private static func unknownMember(_ id: ObjectID, _ store: Store) -> StoreError {
    StoreError(.metaTreeSubtreeNotExists, "The member \(id) does not exist\(store.lossNote(for: id))")
  }

  /// Makes a member that was found one of an object's.
  private mutating func link(_ found: Found, _ member: MetadataDocument, _ frame: Int) throws(StoreError) {
    let document = stack[frame].document
    if found.instance != stack[frame].instance {
      stack[frame].isLocal = false
      guard document.isGlobal else {
        throw StoreError(.globalObjectInvalid, "Local object cannot refer remote objects")
      }
    }
    if document.isGlobal, found.isGlobal {
      throw StoreError(.globalObjectInvalid, "Global object cannot have nested structure")
    }
    var target = found.target
    // Members of global objects are linked by signature.
    if document.isGlobal, case .object(let id) = target, let record = session.metadata[id] {
      target = .signature(member.signature ?? record.signature, instance: record.instance, fallback: id)
    }
    stack[frame].links.append(MemberLink(target: target, instance: found.instance))
    stack[frame].nextField += 1
  }

  // MARK: - Completing an object

  private mutating func beginLaying(_ frame: Int, _ store: Store) throws(StoreError) {
    let (document, links) = (stack[frame].document, stack[frame].links)
    if frame > 0, let id = document.id, session.metadata.contains(id) {
      // Made by somebody else, or by this request, since it was looked for.
      return try leave(with: id, frame)
    }
    if frame > 0, let id = document.id, store.log.isReserved(id, in: session) {
      throw StoreError(.objectExists, "the object \(id) is being deleted, which is not durable yet")
    }
    let signature = document.signature ?? store.ids.signature(now: store.now)
    var instance = stack[frame].instance
    if frame == 0, document.isGlobal, !stack[frame].isLocal { instance = InstanceID.unspecified }
    var record = MetadataRecord(
      document, typename: stack[frame].typename, signature: signature, instance: instance, timestamp: store.now)
    record.owner = owner
    let id = frame == 0 ? store.freshObjectID(in: session) : document.id ?? .invalid
    stack[frame].laying = Laying(id: id, layout: RecordLayout(record, document, links: links))
  }

  /// Notes the members in the graph, which keeps them from being deleted, then lays the fields out.
  ///
  /// - Returns: whether the object is complete; false also when there is nothing to lay out.
  private mutating func lay(_ frame: Int, _ store: Store) throws(StoreError) -> Bool {
    guard frame < stack.count, var laying = stack[frame].laying else { return false }
    stack[frame].laying = nil
    defer { if frame < stack.count { stack[frame].laying = laying } }
    let links = stack[frame].links
    while laying.linked < links.count {
      if store.work.isSpent { return false }
      store.work.spend(Work.entry)
      let member = links[laying.linked].id
      guard member.isBlob || session.metadata.contains(member) else { throw Self.unknownMember(member, store) }
      session.link(member, to: laying.id)
      laying.linked += 1
    }
    return laying.layout.step(&store.work) != nil
  }

  private mutating func finish(_ frame: Int, _ store: Store) throws(StoreError) {
    guard let laying = stack[frame].laying else { return }
    let record = laying.layout.record
    store.work.spend(Work.item)
    if session.metadata.contains(laying.id) {
      throw StoreError(.objectExists, "the object \(laying.id) was made by somebody else meanwhile")
    }
    store.apply(.put(laying.id, record), to: session, by: client)
    made.append(laying.id)
    if frame > 0 { return try leave(with: laying.id, frame) }
    stack.removeLast()
    created.append(CreatedObject(id: laying.id, signature: record.signature, instance: record.instance))
  }

  /// Goes on with the object around one that is there now.
  private mutating func leave(with id: ObjectID, _ frame: Int) throws(StoreError) {
    let member = stack[frame].document
    let place = stack[frame].instance
    stack.removeLast()
    try link((.object(id), place, member.isGlobal), member, frame - 1)
  }

  // MARK: - Failing

  /// Removes the objects made so far, but for those that others use by now.
  ///
  /// - Returns: whether all is removed.
  fileprivate mutating func takeBack(_ store: Store) -> Bool {
    if let laying = stack.last?.laying {
      unlinking = Unlinking(laying.id, Array(stack[stack.count - 1].links.prefix(laying.linked)))
    }
    stack.removeAll()
    migration?.takeBack(store)
    migration = nil
    while true {
      while let member = unlinking?.next(session, store) { _ = member }
      if unlinking?.isDone == false { return false }
      unlinking = nil
      guard let id = made.popLast() else {
        for id in kept where !session.metadata.hasDependents(id) { store.removeBlob(id, in: session, by: nil) }
        kept = []
        return true
      }
      if session.metadata.hasDependents(id) { continue }
      if let links = store.removeObject(id, from: session, by: client) { unlinking = Unlinking(id, links) }
    }
  }
}

/// Takes back the objects of a creation that nobody waits for any more.
public struct TakingBack: StoreTask {
  public typealias Failure = Never

  private var creation: ObjectCreation

  public init(_ creation: ObjectCreation) { self.creation = creation }

  public mutating func step(_ store: Store) -> Void? {
    guard creation.takeBack(store) else { return nil }
    store.reclaimLater(DocumentDisposal(creation.takeDocuments()))
    return ()
  }
}

/// Takes the links of an object that is gone out of the graph, in steps.
struct Unlinking {
  private let parent: ObjectID
  private let links: [MemberLink]
  private var index = 0

  init(_ parent: ObjectID, _ links: [MemberLink]) {
    self.parent = parent
    self.links = links
  }

  var isDone: Bool { index == links.count }

  /// The next member that was linked; nil when all are unlinked, or the work allowed is spent.
  mutating func next(_ session: Session, _ store: Store) -> ObjectID? {
    // One that came back, since its deletion was refused, keeps its links.
    if store.log.isKept, session.metadata.contains(parent) { index = links.count }
    while index < links.count, !store.work.isSpent {
      store.work.spend(Work.entry)
      let member = links[index].id
      index += 1
      if session.unlink(member, from: parent) { return member }
    }
    return nil
  }
}
