import JSON
import StoreProtocol
import Testing

@Suite("lists in requests")
struct RequestListsTests {
  private func ids(_ text: String) throws -> [UInt64] {
    let text = JSONText(text)
    var ids: [ObjectID] = []
    try text.message().blobIDs(into: &ids)
    return ids.map(\.rawValue)
  }

  @Test("arrays of numbers and strings")
  func arrays() throws {
    let text = JSONText(#"{"n":[1,18446744073709551615,-1],"s":["a","\u00e9"],"e":[]}"#)
    let message = try text.message()
    #expect(try message.integers("n") == [1, .max, .max])
    #expect(try message.objectIDs("n").last == .invalid)
    #expect(try message.strings("s") == ["a", "é"])
    #expect(try message.integers("e").isEmpty)
    #expect(try message.strings("e").isEmpty)
  }

  @Test("blob ids come as an array or under numbered keys, in numeric order")
  func blobIDs() throws {
    #expect(try ids(#"{"ids":[5,6]}"#) == [5, 6])
    #expect(try ids(#"{"num":1,"0":7}"#) == [7])
    #expect(try ids(#"{"2":9,"0":7,"1":8,"num":3}"#) == [7, 8, 9])
    #expect(try ids(#"{"num":0}"#).isEmpty)
    #expect(
      try ids(#"{"num":12,"0":0,"1":1,"10":10,"11":11,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9}"#)
        == Array(0..<12))
  }

  @Test("numbered keys count in their plain form only, and the last of two counts")
  func numberedKeys() throws {
    #expect(try ids(#"{"num":2,"0":1,"01":5,"1":2,"-1":9,"x":3}"#) == [1, 2])
    #expect(try ids(#"{"num":2,"0":1,"1":2,"1":3}"#) == [1, 3])
    #expect(try ids(#"{"num":1,"0":1,"0":4}"#) == [4])
  }

  @Test("an array of ids is appended to what the caller holds")
  func appends() throws {
    let text = JSONText(#"{"ids":[2]}"#)
    var ids = [ObjectID(1)]
    try text.message().blobIDs(into: &ids)
    #expect(ids == [ObjectID(1), ObjectID(2)])
  }

  @Test(
    "[Error] bad lists",
    arguments: [
      (#"{}"#, "field 'num' is missing"),
      (#"{"num":1}"#, "field '0' is missing"),
      (#"{"num":2,"0":1}"#, "field '1' is missing"),
      (#"{"num":"1","0":1}"#, "field 'num' must be a 64-bit integer"),
      (#"{"num":1,"0":"o1"}"#, "field '0' must be a 64-bit integer"),
      (#"{"num":2,"0":1,"1":null}"#, "field '1' must be a 64-bit integer"),
      (#"{"num":18446744073709551615,"0":1}"#, "field 'num' is larger than the number of fields"),
      (#"{"num":-1,"0":1}"#, "field 'num' is larger than the number of fields"),
      (#"{"ids":7,"num":1,"0":1}"#, "field 'ids' must be an array of 64-bit integers"),
      (#"{"ids":[1.5]}"#, "field 'ids' must be an array of 64-bit integers"),
    ])
  func badLists(text: String, problem: String) throws {
    #expect(throws: StoreError(.invalid, "Failed to parse the JSON message: " + problem)) { try ids(text) }
  }

  @Test("maps with number keys come as arrays of pairs")
  func pairs() throws {
    let text = JSONText(#"{"p":[[1,"a"],[18446744073709551615,"b"]],"e":[]}"#)
    let message = try text.message()
    let bytes = message.bytes
    let pairs = try message.pairs("p", { bytes.integer($0) }, { bytes.string($0) })
    #expect(pairs.map(\.0) == [1, .max])
    #expect(pairs.map(\.1) == ["a", "b"])
    #expect(try message.pairs("e", { bytes.integer($0) }, { bytes.integer($0) }).isEmpty)
  }

  @Test("[Error] pairs of another shape", arguments: ["[[1]]", "[[1,2,3]]", "[1]", "{}", "[[\"a\",1]]", "null"])
  func badPairs(value: String) throws {
    let text = JSONText("{\"p\":\(value)}")
    let message = try text.message()
    let bytes = message.bytes
    #expect(throws: StoreError(.invalid, "Failed to parse the JSON message: field 'p' must be an array of pairs")) {
      try message.pairs("p", { bytes.integer($0) }, { bytes.integer($0) })
    }
  }
}
