import Documents
import StoreProtocol
import Support
import Testing

@testable import Inspection

@Suite struct ObjectTests {
  private func object(_ json: String) throws -> StoredObject {
    StoredObject(id: ObjectID(1), tree: try Value(json: json))
  }

  @Test(arguments: [
    (
      #"{"typename":"vineyard::Tensor<double>","shape_":"[3, 4]","value_type_":"float64"}"#, "array", "float64", "3 × 4"
    ),
    (#"{"typename":"vineyard::Tensor<int64>","shape_":"[]","value_type_":"int64"}"#, "array", "int64", "one value"),
    (#"{"typename":"vineyard::Scalar<int>","type_":"bool","value_":0}"#, "bool", "false", ""),
    (#"{"typename":"vineyard::Scalar<std::string>","type_":"str","value_":"x\u001b[2J"}"#, "str", "x\\u001b[2J", ""),
    (#"{"typename":"vineyard::Table","num_rows_":5,"num_columns_":2,"batch_num_":1}"#, "table", "1 batches", "5 × 2"),
    (#"{"typename":"vineyard::PickleBuffer","size_":5}"#, "pickle", "", ""),
    (#"{"typename":"vineyard::Sequence","size_":2}"#, "sequence", "", "2"),
    (#"{"typename":"mine::Thing"}"#, "object", "mine::Thing", ""), (#"{}"#, "object", "", ""),
    (#"{"typename":"vineyard::Tensor<double>","shape_":"[-1]"}"#, "array", "double", ""),
    (#"{"typename":"vineyard::DataFrame","__values_-size":9223372036854775807}"#, "frame", "", "0 × 0"),
    (#"{"typename":7}"#, "object", "", ""),
  ])
  func `an object is what people would call it`(_ json: String, _ kind: String, _ detail: String, _ shape: String)
    throws
  {
    let summary = ObjectSummary(try object(json))
    #expect(summary.kind == kind && summary.detail == detail && summary.shapeText == shape)
  }

  @Test func `parts are all members, the empty blob apart`() throws {
    let tree = try object(
      #"""
      {"typename":"vineyard::DataFrame","a":{"id":"o0000000000000002","typename":"vineyard::Tensor<int64>",
      "buffer_":{"id":"o8000000000000003","typename":"vineyard::Blob"}},
      "b":{"id":"o8000000000000000","typename":"vineyard::Blob"},"c":{"typename":"no id"},"d":[{"id":"o0000000000000009"}]}
      """#)
    #expect(tree.partIDs == [ObjectID(2), ObjectID(0x8000_0000_0000_0003), .emptyBlob])
    #expect(tree.blobIDs == [ObjectID(0x8000_0000_0000_0003)])
  }

  @Test(arguments: ["", "o", "x0000000000000001", "o00000000000000011", "oxyz", "model"])
  func `a word that is no id is none`(_ text: String) { #expect(ObjectID(text: text) == nil) }

  @Test func `orders are total and stable`() throws {
    func entry(_ id: UInt64, _ bytes: UInt64?, _ name: String?) throws -> ObjectEntry {
      var entry = ObjectEntry(StoredObject(id: ObjectID(id), tree: try Value(json: #"{"typename":"t\#(9 - id)"}"#)))
      (entry.bytes, entry.names) = (bytes, name.map { [$0] } ?? [])
      return entry
    }
    let entries = [try entry(3, nil, "b"), try entry(1, 5, nil), try entry(2, 9, "a")]
    #expect(ObjectOrder.id.sorted(entries).map(\.object.id.rawValue) == [1, 2, 3])
    #expect(ObjectOrder.bytes.sorted(entries).map(\.object.id.rawValue) == [2, 1, 3])
    #expect(ObjectOrder.name.sorted(entries).map(\.object.id.rawValue) == [2, 3, 1])
    #expect(ObjectOrder.typename.sorted(entries).map(\.object.id.rawValue) == [3, 2, 1])
    #expect(ObjectOrder.age.sorted(entries).map(\.object.id.rawValue) == [1, 2, 3])
  }

  @Test(
    arguments: [
      ([0x80, 5, 0x7D, 0x94], "a dictionary"), ([0x80, 5, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x5D, 0x94], "a list"),
      ([0x80, 4, 0x8C, 1, 0x6D, 0x94, 0x8C, 2, 0x43, 0x1B, 0x94, 0x93], "m.C\\u001b"),
    ] as [([UInt8], String)])
  func `the head of a pickle says what it holds`(_ bytes: [UInt8], _ text: String) {
    #expect(PickleHead(bytes)?.description == text)
  }

  @Test(arguments: [[], [0x80], [0x80, 5], [0x80, 5, 0x8C], [0x80, 5, 0x8C, 200, 0x61], [1, 2, 3]] as [[UInt8]])
  func `what is no pickle has no head`(_ bytes: [UInt8]) { #expect(PickleHead(bytes) == nil) }

  @Test func `a schema that is cut anywhere gives no crash`() {
    // Continuation, length, then a table whose every offset leads somewhere else.
    var message: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 64, 0, 0, 0, 16, 0, 0, 0]
    message += (0..<96).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    for length in 0...message.count { _ = ArrowSchema(message: Array(message.prefix(length))) }
    for place in 8..<message.count {
      for value in [UInt8(0), 4, 127, 128, 255] {
        var changed = message
        changed[place] = value
        _ = ArrowSchema(message: changed)
      }
    }
  }

  @Test(arguments: [
    ("10.0.0.7:9601", "10.0.0.7:9601"), ("host", "host:9600"), ("[::1]:7", "[::1]:7"), ("::1", "[::1]:9600"),
    ("tcp://host:1", "host:1"),
  ])
  func `addresses of stores`(_ text: String, _ expected: String) throws {
    #expect("\(try StoreAddress(endpoint: text))" == expected)
  }

  @Test(arguments: ["", ":9600", "host:", "host:0", "host:99999", "host:port", "a b:1", "http://h/x"])
  func `no addresses of stores`(_ text: String) {
    #expect(throws: ProgramError.self) { try StoreAddress(endpoint: text) }
  }
}
