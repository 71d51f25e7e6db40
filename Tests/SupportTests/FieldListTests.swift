import Support
import Testing

@Suite struct FieldListTests {
  private let list = FieldList(["name": "a \"b\"\n\u{1}", "longer": "π\\"])

  @Test func `as text the values are aligned`() {
    #expect(FieldList(["a": "1", "long": "2"]).rendered(as: .text) == "a     1\nlong  2\n")
  }

  @Test func `as JSON the values are escaped`() {
    #expect(list.rendered(as: .json) == #"{"name": "a \"b\"\n\u0001", "longer": "π\\"}"# + "\n")
  }

  @Test func `as YAML every value is a quoted scalar`() {
    #expect(list.rendered(as: .yaml) == #"name: "a \"b\"\n\u0001""# + "\n" + #"longer: "π\\""# + "\n")
  }
}
