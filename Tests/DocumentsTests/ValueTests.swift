import Documents
import Testing

@Suite struct ValueTests {
  @Test func `objects are equal whatever the order of their fields`() {
    #expect(["a": 1, "b": [2]] as Value == ["b": [2], "a": 1])
    #expect(["a": 1] as Value != ["a": 1, "b": nil])
  }

  @Test func `a path reads and writes below the top, making what is missing`() {
    var value: Value = ["a": ["b": 1]]
    #expect(value["a", "b"] == 1)
    #expect(value["a", "b", "c"] == nil)
    value["x", "y", "z"] = "w"
    value["a", "b"] = nil
    value["no", "where"] = nil
    #expect(value == ["a": [:], "x": ["y": ["z": "w"]]])
  }

  @Test func `elements are changed in place`() {
    var value: Value = [["n": 1], ["n": 2]]
    value.mapElements { $0["n"] = .integer(Int64(($0["n"]?.int ?? 0) * 10)) }
    value.append(3)
    value[0]?["m"] = true
    #expect(value == [["n": 10, "m": true], ["n": 20], 3])
    #expect(value[7] == nil)
  }

  @Test func `only strings count as labels`() {
    #expect((["a": "x", "b": 1] as Value).stringFields == ["a": "x"])
  }
}
