import JSON
import MetadataBackend
import StoreCore
import StoreProtocol

/// create_data and create_datas: reads the documents, then stores them.
struct CreateDataTask: RequestTask {
  private var reader: MetadataReader
  private let isSingle: Bool
  private let client: Client
  private var creation: ObjectCreation?
  /// Whether freeing the documents takes long.
  private let isLong: Bool
  /// Bytes of the reply for one object: three numbers.
  private static let longestEntry = 64

  init(_ bytes: UnsafeRawBufferPointer, _ span: JSONSpan, by client: Client) {
    reader = MetadataReader(bytes, span)
    isSingle = span.kind == .object
    isLong = bytes.count > StoreServer.longFrame
    self.client = client
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    do throws(StoreError) {
      let disposition = try advance(handler)
      if disposition != nil { dispose(handler.store) }
      return disposition
    } catch {
      dispose(handler.store)
      throw error
    }
  }

  private mutating func dispose(_ store: Store) {
    guard isLong else { return }
    store.reclaimLater(DocumentDisposal(creation?.takeDocuments() ?? reader.takeAll()))
  }

  private mutating func advance(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    if creation == nil {
      guard try store.read(&reader) else { return nil }
      try handler.requireCreatable(reader.documents.count)
      try handler.reply.requireRoom(for: 256 + reader.documents.count * Self.longestEntry)
      creation = ObjectCreation(reader.takeAll(), by: client)
    }
    guard let created = try creation?.step(store) else { return nil }
    if isSingle, let object = created.first { handler.writeCreated(object) } else { handler.writeCreated(created) }
    return .reply
  }

  func abandoned() -> (any StoreTask<Void, Never>)? {
    if let creation { return TakingBack(creation) }
    var reader = reader
    return isLong ? DocumentDisposal(reader.takeAll()) : nil
  }
}

extension Store {
  /// Reads on in metadata, as far as the work allowed goes.
  ///
  /// - Returns: whether everything was read.
  func read(_ reader: inout MetadataReader) throws(StoreError) -> Bool {
    while !work.isSpent {
      let start = reader.progress
      let isDone = try reader.advance(by: max(work.rest / 8, 1024))
      work.spend(1024 + 8 * (reader.progress - start))
      if isDone { return true }
    }
    return false
  }

  /// Reads on in a list of numbers.
  func read(_ reader: inout NumberListReader) throws(StoreError) -> Bool {
    while !work.isSpent {
      let start = reader.position
      let isDone = try reader.advance(by: max(work.rest / 8, 1024))
      work.spend(1024 + 8 * (reader.position - start))
      if isDone { return true }
    }
    return false
  }
}

/// shallow_copy: reads the extra fields, then copies.
struct ShallowCopyTask: RequestTask {
  private var reader: MetadataReader?
  private let id: ObjectID
  private let client: Client
  private var extra = MetadataDocument()
  private var copy: ShallowCopy?
  /// Whether freeing the fields takes long.
  private let isLong: Bool

  init(_ id: ObjectID, _ bytes: UnsafeRawBufferPointer, _ extra: JSONSpan?, by client: Client) {
    reader = extra.map { MetadataReader(bytes, $0) }
    isLong = bytes.count > StoreServer.longFrame
    self.id = id
    self.client = client
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    do throws(StoreError) {
      guard let target = try advance(handler.store) else { return nil }
      handler.reply.frame {
        $0.field("target_id", target.rawValue)
        $0.type("shallow_copy_reply")
      }
    } catch {
      if isLong { handler.store.reclaimLater(DocumentDisposal(remains)) }
      throw error
    }
    if isLong { handler.store.reclaimLater(DocumentDisposal(remains)) }
    return .reply
  }

  /// - Returns: the copy, nil when there is more to do.
  private mutating func advance(_ store: Store) throws(StoreError) -> ObjectID? {
    if copy == nil {
      if var reader {
        self.reader = nil
        defer { self.reader = reader }
        guard try store.read(&reader) else { return nil }
        extra = reader.takeAll().first ?? extra
      }
      copy = try ShallowCopy(id, extra: extra, by: client, store)
    }
    return copy?.step(store)
  }

  private var remains: [MetadataDocument] {
    var reader = reader
    return [extra] + (reader?.takeAll() ?? [])
  }

  func abandoned() -> (any StoreTask<Void, Never>)? {
    // Once there is a copy, its links matter more than when its fields are freed.
    copy?.takenBack ?? (isLong ? DocumentDisposal(remains) : nil)
  }
}

/// get_data and list_data: finds the objects, waits for them if asked to, and writes them.
struct GetDataTask: RequestTask {
  private var reader: NumberListReader?
  private var listing: ObjectListing?
  private let waits: Bool
  private let client: Client
  private let session: Session
  private var ids: [ObjectID] = []
  /// Whether others were asked for what is not known here.
  private var isAsked = false
  /// Number of the ids that were found readable.
  private var found = 0
  private var rendering: Rendering?
  /// Whether the client sees copies of what other stores have, or where everything is.
  private let showsCopies: Bool
  private var lookup: CopyLookup?
  /// Whether everything has a copy here.
  private var isLookedUp = false
  /// Whether something had to be fetched.
  private var wasFetched = false

  /// - Parameter showsCopies: whether the client sees copies of what other stores have, or where everything is.
  init(_ reader: NumberListReader, waits: Bool, by client: Client, showsCopies: Bool) {
    self.reader = reader
    self.waits = waits
    self.client = client
    self.showsCopies = showsCopies
    session = client.session
  }

  init(_ listing: ObjectListing, by client: Client) {
    self.listing = listing
    waits = false
    self.client = client
    session = client.session
    isAsked = true
    showsCopies = false
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    if rendering == nil {
      guard try findIDs(store) else { return nil }
      // An object that was found is not looked up again: the cost of waiting for many must not grow with each arrival.
      while found < ids.count {
        if store.work.isSpent { return nil }
        store.work.spend(Work.entry)
        store.clearSuspicion(CollectionOfOne(ids[found]), in: session)
        if !isAsked, handler.isUnknown(ids[found], client) {
          isAsked = true
          let unknown = ids[found...].filter { handler.isUnknown($0, client) }
          store.work.spend(Work.entry * (ids.count - found))
          let places = unknown.map { MetadataPlace.object(session: session.id, $0) }
          if let held = handler.ask(places, for: client) { return .hold(held) }
        }
        guard !waits || store.isReadable(ids[found], in: session) else {
          return .park(.object(session: session.id, ids[found]))
        }
        found += 1
      }
      if showsCopies, !isLookedUp {
        guard let missing = try findCopies(for: client, store) else { return nil }
        if !missing.isEmpty, let pulls = handler.pulls {
          wasFetched = true
          return .hold(try pulls.fetch(missing, for: client))
        }
        isLookedUp = true
      }
      handler.reply.beginFrame()
      handler.reply.beginObject("content")
      rendering = Rendering(ids, in: session, into: handler.reply, showsCopies: showsCopies)
      ids = []
    }
    guard let count = try rendering?.step(store) else { return nil }
    if count == 0 {
      handler.reply.truncate(to: handler.reply.count - 1)
      handler.reply.append("null")
    } else {
      handler.reply.endObject()
    }
    handler.reply.type("get_data_reply")
    handler.reply.endFrame()
    return .reply
  }

  /// - Returns: the blobs that have to be fetched, nil when there is more to look at.
  private mutating func findCopies(for client: Client, _ store: Store) throws(StoreError) -> [RemoteBlob]? {
    if lookup == nil {
      store.work.spend(ids.count * 32)
      guard ids.contains(where: { store.mayHaveBlobsElsewhere($0, in: session) }) else { return [] }
      lookup = CopyLookup(ids, for: client)
    }
    guard let missing = lookup?.step(store) else { return nil }
    if let refusal = lookup?.refusal { throw refusal }
    lookup = nil
    if missing.isEmpty, !wasFetched { store.countCopyHit() }
    return missing
  }

  /// - Returns: whether the ids are known.
  private mutating func findIDs(_ store: Store) throws(StoreError) -> Bool {
    if reader != nil {
      guard var reader else { return true }
      self.reader = nil
      guard try store.read(&reader) else {
        self.reader = reader
        return false
      }
      ids = reader.takeIDs()
    } else if listing != nil {
      guard let listed = try listing?.step(store) else { return false }
      listing = nil
      ids = listed
    }
    return true
  }
}

/// list_name: finds the names and writes them.
struct ListNameTask: RequestTask {
  private var listing: NameListing
  private var names: [(name: String, id: ObjectID)]?
  private var next = 0

  init(_ listing: NameListing) { self.listing = listing }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let (store, reply) = (handler.store, handler.reply)
    if names == nil {
      guard let found = try listing.step(store) else { return nil }
      names = found
      reply.beginFrame()
      reply.beginObject("names")
    }
    guard let names else { return nil }
    while next < names.count {
      if store.work.isSpent { return nil }
      let before = reply.count
      reply.key(text: names[next].name)
      reply.append(decimal: names[next].id.rawValue)
      // An escape takes as long as several bytes that are copied.
      store.work.spend(Work.entry + 4 * (reply.count - before))
      next += 1
    }
    reply.endObject()
    reply.field("size", names.count)
    reply.type("list_name_reply")
    reply.endFrame()
    return .reply
  }
}

/// memory_trim: ends what the client was given of deleted blobs, then has pages given back.
struct TrimTask: RequestTask {
  private var ending: StaleGrants

  init(_ ending: StaleGrants) { self.ending = ending }

  mutating func step(_ handler: RequestHandler) -> Disposition? {
    ending.step(handler.store) == nil ? nil : handler.trim()
  }
}

/// Requests that are a task of the store and answer with their type alone.
struct PlainTask<Task: StoreTask>: RequestTask where Task.Value == Void, Task.Failure == Never {
  private var task: Task
  private let type: StaticString

  init(_ task: Task, _ type: StaticString) {
    self.task = task
    self.type = type
  }

  mutating func step(_ handler: RequestHandler) -> Disposition? {
    guard task.step(handler.store) != nil else { return nil }
    handler.reply.reply(type)
    return .reply
  }
}
