import EtcdClient
import JSON
import StoreProtocol
import Testing

@testable import EtcdMetadata

@Suite("what goes with an instance")
final class ObjectCensusTests {
  private var census = ObjectCensus(of: 0)

  private func object(_ id: UInt64, instance: UInt64, signature: UInt64) {
    take(
      .object(ObjectID(id)),
      #"{"global":false,"instance_id":\#(instance),"signature":\#(signature),"transient":false,"typename":"vt"}"#)
    take(.signature(instance: instance, signature), "\"o\(id)\"")
  }

  private func global(_ id: UInt64, signatures: [UInt64]) {
    let members = signatures.enumerated().map { index, signature in
      let text = HexText.string(prefix: UInt8(ascii: "s"), signature)
      return #""partitions_-\#(index)":"l\#(text).vineyard::Tensor","#
    }
    take(
      .object(ObjectID(id)),
      "{\(members.joined())\"global\":true,\"instance_id\":18446744073709551615,\"signature\":1,\"typename\":\"vg\"}")
  }

  private func take(_ key: MetadataKey, _ value: String) {
    census.take(key, KeyValue(key: Array("\(key)".utf8), value: Array(value.utf8), modRevision: 5))
  }

  @Test("given objects of two instances, then those of the one that is gone go")
  func own() {
    object(1, instance: 0, signature: 101)
    object(2, instance: 1, signature: 102)
    #expect(census.objects == [ObjectID(1)])
  }

  @Test("given a global object, then it goes with a member of which there is no other copy")
  func globals() {
    object(1, instance: 0, signature: 101)
    object(2, instance: 0, signature: 102)
    object(3, instance: 1, signature: 102)
    global(10, signatures: [101, 102])
    global(11, signatures: [102])
    #expect(census.objects == [1, 2, 10].map { ObjectID($0) }.reduce(into: []) { $0.insert($1) })
  }

  @Test("given an object that was written field by field, then it goes as any other")
  func fields() {
    take(.field(ObjectID(4), "instance_id"), "0")
    take(.field(ObjectID(4), "typename"), "\"vt\"")
    take(.field(ObjectID(5), "instance_id"), "1")
    #expect(census.objects == [ObjectID(4)])
  }

  @Test("given names, then those of what goes are found with their revisions")
  func names() {
    object(1, instance: 0, signature: 101)
    take(.name("a"), "1")
    take(.name("b"), "2")
    let names = census.names(of: census.objects)
    #expect(names.map(\.revision) == [5] && names.map(\.key) == [Array("\(MetadataKey.name("a"))".utf8)])
  }

  @Test("given what is no JSON, then it is passed over")
  func nonsense() {
    take(.object(ObjectID(1)), "{")
    take(.field(ObjectID(2), "instance_id"), "x")
    take(.name("a"), "nothing")
    #expect(census.objects.isEmpty)
  }
}
