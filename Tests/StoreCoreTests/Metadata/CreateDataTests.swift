import StoreCore
import StoreProtocol
import Testing

/// The checks of section 4.2 of the protocol notes, in their order, and what create_data stores.
@Suite("create_data")
struct CreateDataTests {
  let fixture = StoreFixture()
  var store: Store { fixture.store }

  static let blob = ObjectID(0xe882_0f1e_7f00_0000)
  static let unknown = "o0000000000003039"

  private func failure(_ text: String) throws -> StoreError? {
    let document = try StoreFixture.document(text)
    do throws(StoreError) {
      _ = try store.createObjects([document], in: fixture.root)
      return nil
    } catch { return error }
  }

  @Test(
    "[Error] each check has its code",
    arguments: [
      (#"{"instance_id":0}"#, .metaTreeInvalid, "No 'typename' field in incoming metadata"),
      (#"{"typename":5,"instance_id":0}"#, .metaTreeInvalid, "No 'typename' field in incoming metadata"),
      (#"{"typename":"vineyard::Blob","instance_id":0}"#, .assertionFailed, nil),
      (#"{"typename":"t::A"}"#, .assertionFailed, nil),
      (#"{"typename":"t::A","instance_id":0,"m":{}}"#, .metaTreeNameNotExists, nil),
      (#"{"typename":"t::A","instance_id":0,"m":{"typename":"t::B"}}"#, .metaTreeNameNotExists, nil),
      (#"{"typename":"t::A","instance_id":0,"m":{"id":"\#(unknown)"}}"#, .metaTreeSubtreeNotExists, nil),
      (#"{"typename":"t::A","instance_id":0,"m":{"id":"\#(blob)"}}"#, .metaTreeInvalid, nil),
      (
        #"{"typename":"t::A","instance_id":0,"m":\#(StoreFixture.blobMember(blob, instance: 1))}"#,
        .globalObjectInvalid,
        "Local object cannot refer remote objects"
      ),
      (
        #"{"typename":"t::A","instance_id":0,"m":{"id":"\#(unknown)","typename":"t::B","instance_id":3}}"#,
        .globalObjectInvalid, "Local object cannot refer remote objects"
      ),
      (
        #"{"typename":"t::G","instance_id":0,"global":true,"m":{"id":"\#(unknown)","typename":"t::G","global":true}}"#,
        .globalObjectInvalid, "Global object cannot have nested structure"
      ),
      (#"{"typename":"t::A","instance_id":0,"m":{"id":"\#(unknown)","instance_id":0}}"#, .metaTreeInvalid, nil),
    ] as [(String, StatusCode, String?)])
  func checks(text: String, code: StatusCode, message: String?) throws {
    let failure = try #require(try failure(text))
    #expect(failure.code == code)
    if let message { #expect(failure.message == message) }
    #expect(fixture.root.objectCount == 0)
    fixture.expectSound()
  }

  @Test("the checks come in their order: type name, instance, members")
  func order() throws {
    #expect(try failure(#"{"m":{}}"#)?.code == .metaTreeInvalid)
    #expect(try failure(#"{"typename":"t::A","m":{}}"#)?.code == .assertionFailed)
    #expect(try failure(#"{"typename":"vineyard::Blob"}"#)?.code == .assertionFailed)
  }

  @Test("signature, id and instance are answered; the signature is made before the id, or taken from the client")
  func answer() throws {
    let made = try fixture.create(#"{"typename":"t::A","instance_id":3}"#)
    #expect(made.instance == 3)
    #expect(made.signature < made.id.rawValue && made.signature > 0)
    #expect(!made.id.isBlob)
    let given = try fixture.create(#"{"typename":"t::A","instance_id":0,"signature":9223372036854775808}"#)
    #expect(given.signature == 1 << 63)
  }

  @Test("blob members need not exist")
  func danglingBlob() throws {
    let id = try fixture.object(members: [Self.blob, .emptyBlob])
    #expect(store.exists(id, in: fixture.root))
    #expect(!store.exists(Self.blob, in: fixture.root))
    fixture.expectSound()
  }

  @Test("an existing member is linked and keeps its own metadata though the nested tree differs")
  func existingMember() throws {
    let member = try fixture.create(#"{"typename":"t::M","instance_id":0,"a":1}"#).id
    let parent = try fixture.create(
      #"{"typename":"t::P","instance_id":0,"m":{"id":"\#(member)","typename":"t::X","instance_id":0,"a":2}}"#
    ).id
    #expect(try fixture.render([parent]).contains(#""a":1"#))
    #expect(fixture.root.objectCount == 2)
  }

  @Test("an unknown member given whole is created under its id, with its own members")
  func implicitMember() throws {
    let nested =
      #"{"id":"o0000000000000101","typename":"t::M","instance_id":0,"signature":7,"transient":false,"#
      + #""n":{"id":"o0000000000000100","typename":"t::N","instance_id":0}}"#
    try fixture.create(#"{"typename":"t::P","instance_id":0,"m":\#(nested)}"#)
    #expect(fixture.existing([ObjectID(0x100), ObjectID(0x101)]).count == 2)
    #expect(try store.isPersistent(ObjectID(0x101), in: fixture.root))
    #expect(try !store.isPersistent(ObjectID(0x100), in: fixture.root))
    #expect(try fixture.render([ObjectID(0x101)]).contains(#""signature":7"#))
    fixture.expectSound()
  }

  @Test("several objects are created together or not at all, implicit members included")
  func allOrNone() throws {
    let documents = try [
      #"{"typename":"t::A","instance_id":0,"m":{"id":"o0000000000000101","typename":"t::M","instance_id":0}}"#,
      #"{"typename":"t::B","instance_id":0}"#, #"{"typename":"t::C"}"#,
    ].map(StoreFixture.document)
    #expect(throws: StoreError.self) { try store.createObjects(documents, in: fixture.root) }
    #expect(fixture.root.objectCount == 0)
    #expect(try store.createObjects(Array(documents.dropLast()), in: fixture.root).count == 2)
    #expect(fixture.root.objectCount == 3)
    fixture.expectSound()
  }

  @Test("an object of the batch may be a member of a later one only by an id the client knows")
  func ids() throws {
    let ids = try (0..<100).map { _ in try fixture.object() }
    #expect(ids == ids.sorted() && Set(ids).count == 100)
  }

  @Test("a global object whose members are elsewhere has no instance of its own")
  func globalInstance() throws {
    func global(_ instance: UInt64) throws -> CreatedObject {
      try fixture.create(
        #"{"typename":"t::G","instance_id":0,"global":true,"#
          + #""m":{"id":"o000000000000010\#(instance)","typename":"t::M","instance_id":\#(instance)}}"#)
    }
    #expect(try global(0).instance == 0)
    #expect(try global(1).instance == InstanceID.unspecified)
    #expect(try global(1).instance == InstanceID.unspecified)
  }

  @Test("waiters for objects are told of new objects and sealed blobs, not of failures")
  func changes() throws {
    let client = fixture.connect()
    let id = try fixture.object()
    #expect(store.takeChanges() == [.object(session: 0, id)])
    #expect(try failure("{}") != nil)
    let blob = try store.createBlob(64, by: client).id
    #expect(store.takeChanges().isEmpty)
    try store.seal(blob, by: client)
    #expect(store.takeChanges() == [.object(session: 0, blob)])
    try store.seal(blob, by: client)
    #expect(store.takeChanges().isEmpty)
  }
}
