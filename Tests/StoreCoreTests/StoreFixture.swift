import JSON
import StoreCore
import StoreProtocol
import Testing

/// Bytes.
let kibibyte: UInt64 = 1 << 10
let mebibyte: UInt64 = 1 << 20

/// A store for one test, with short ways to fill and ask it.
final class StoreFixture {
  let store: Store
  var root: Session { store.root }

  /// - Parameters:
  ///   - limit: bytes that blobs may take.
  ///   - arena: bytes of the first memory file, `limit` when nil.
  ///   - separated: whether each volume has memory files of its own.
  init(
    limit: UInt64 = 16 * mebibyte, arena: UInt64? = nil, populate: PopulateMode = .off, reserve: UInt64 = 0,
    instance: UInt64 = 0, deletedMemory: DeletedMemoryPolicy = .keep, separated: Bool = false
  ) {
    var configuration = Store.Configuration(limit: limit, arenaLength: arena ?? limit)
    configuration.populate = populate
    configuration.reserve = reserve
    configuration.deletedMemory = deletedMemory
    configuration.separatesTenants = separated
    store = Store(configuration)
    store.assignInstance(instance)
    store.now = 1_795_434_510_000
    store.notesChanges = true
  }

  func connect() -> Client { store.connect(to: root) }

  /// Expects the bookkeeping of the store to be free of contradictions.
  func expectSound(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(store.inconsistencies() == [], sourceLocation: sourceLocation)
  }

  /// Expects that nothing takes memory any more.
  func expectEmpty(sourceLocation: SourceLocation = #_sourceLocation) {
    expectSound(sourceLocation: sourceLocation)
    #expect(store.memory.used == 0, sourceLocation: sourceLocation)
    #expect(store.memory.retained == 0, sourceLocation: sourceLocation)
    #expect(
      store.memory.largestFree == min(store.configuration.limit, store.configuration.arenaLength),
      sourceLocation: sourceLocation)
  }

  /// Sets the clock so that the next id has the given sequence number within its millisecond.
  func advance(to milliseconds: UInt64, sequence: Int = 0) {
    store.now = milliseconds
    for _ in 0..<sequence { store.closeSession(store.openSession(.normal)) }
  }

  // MARK: - Blobs

  func sealedBlob(_ size: UInt64, by client: Client) throws -> ObjectID {
    let id = try store.createBlob(size, by: client).id
    try store.seal(id, by: client)
    return id
  }

  @discardableResult
  func read(_ ids: [ObjectID], unsafe: Bool = false, by client: Client) throws -> [BlobPayload] {
    var payloads: [BlobPayload] = []
    try store.readBlobs(ids, unsafe: unsafe, by: client, into: &payloads)
    return payloads
  }

  // MARK: - Metadata

  static func document(_ text: String) throws -> MetadataDocument {
    var text = text
    return try text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      var scanner = JSONScanner(bytes)
      let span = try scanner.scanValue()
      try scanner.finish()
      return try MetadataDocument(bytes, span)
    }
  }

  @discardableResult
  func create(_ text: String, in session: Session? = nil) throws -> CreatedObject {
    let created = try store.createObjects([Self.document(text)], in: session ?? root)
    return try #require(created.first)
  }

  /// Creates an object whose members are `ids`.
  func object(_ typename: String = "t::Object", members ids: [ObjectID] = [], in session: Session? = nil) throws
    -> ObjectID
  {
    try create(Self.text(typename, members: ids), in: session).id
  }

  /// Metadata with members: blobs as clients send them, objects by their ids.
  static func text(_ typename: String, members ids: [ObjectID]) -> String {
    var text = "{\"typename\":\"\(typename)\",\"instance_id\":0"
    for (index, id) in ids.enumerated() {
      text += ",\"m\(index)\":" + (id.isBlob ? blobMember(id) : "{\"id\":\"\(id)\"}")
    }
    return text + "}"
  }

  static func blobMember(_ id: ObjectID, instance: UInt64 = 0) -> String {
    #"{"id":"\#(id)","instance_id":\#(instance),"length":1,"nbytes":1,"transient":true,"typename":"vineyard::Blob"}"#
  }

  /// The content of a get_data reply without its braces.
  func render(_ ids: [ObjectID]) throws -> String {
    let writer = ByteWriter()
    _ = try store.render(ids, in: root, into: writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  func existing(_ ids: [ObjectID]) -> [ObjectID] { ids.filter { store.exists($0, in: root) } }
}

extension Store {
  /// The keys whose requests are to be tried again. Whatever else is to be done outside is dropped.
  func takeChanges() -> Set<WaitKey> {
    Set(takeEffects { if case .retry(let key) = $0 { key } else { nil } })
  }

  /// The volumes that were written to for the first time. Whatever else is to be done outside is dropped.
  func takeFirstWrites() -> [Volume] { takeEffects { if case .save(let volume) = $0 { volume } else { nil } } }

  private func takeEffects<Value>(_ value: (Effect) -> Value?) -> [Value] {
    var values: [Value] = []
    while let effect = nextEffect() { if let value = value(effect) { values.append(value) } }
    return values
  }
}

/// The code of the error that `body` throws, nil when it throws none.
func code<Value>(_ body: @autoclosure () throws -> Value) -> StatusCode? {
  do {
    _ = try body()
    return nil
  } catch { return (error as? StoreError)?.code ?? .unknownError }
}

/// Whether a request was parked.
func isParked<Value>(_ outcome: Outcome<Value>) -> Bool {
  if case .park = outcome { return true }
  return false
}

/// What a request that was not parked gave.
func value<Value>(_ outcome: Outcome<Value>) -> Value? {
  if case .done(let value) = outcome { return value }
  return nil
}
