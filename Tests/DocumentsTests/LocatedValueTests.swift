import Documents
import Testing

@Suite struct LocatedValueTests {
  private func place(_ position: DocumentError.Position?) -> String {
    position.map { "\($0.line):\($0.column)" } ?? "-"
  }

  @Test func `each value has its place, and a field that of its key`() throws {
    let text = "# head\na: 1\nb:\n  - x\n  - {c: y}\n---\n---\nd: |\n  two\n  lines\n"
    let documents = LocatedDocuments(yaml: text)
    #expect(documents.error == nil && documents.documents.count == 2)
    let fields = try #require(documents.documents[0].children)
    #expect(
      fields["a"]?.scalar == 1 && place(fields["a"]?.keyPosition) == "2:1" && place(fields["a"]?.position) == "2:4")
    let elements = try #require(fields["b"]?.elements)
    #expect(place(elements[0].position) == "4:5" && elements[0].keyPosition == nil)
    #expect(place(elements[1].children?["c"]?.keyPosition) == "5:6")
    let literal = try #require(documents.documents[1].children?["d"])
    #expect(literal.isLiteral && literal.scalar == "two\nlines\n" && place(literal.position) == "8:4")
  }

  @Test func `an alias stands where it is, its contents where they were written`() throws {
    let documents = LocatedDocuments(yaml: "a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n")
    let fields = try #require(documents.documents.first?.children)
    #expect(place(fields["b"]?.position) == "2:4" && place(fields["b"]?.keyPosition) == "2:1")
    #expect(place(fields["b"]?.children?["k"]?.keyPosition) == "1:8")
    #expect(fields["c"]?.children?["k"]?.scalar == 1)
    // The keys and values once each, and what the two aliases stand for.
    #expect(documents.valueCount == 15)
  }

  @Test func `documents before a mistake are there, and the mistake with its place`() {
    let documents = LocatedDocuments(yaml: "a: 1\n---\nb: 1\nb: 2\n")
    #expect(documents.documents.count == 1)
    #expect(documents.error?.description == "line 4, column 1: the key 'b' stands twice")
  }

  @Test func `a limit of values holds for what aliases stand for`() {
    let text = "a: &a [1, 2, 3]\nb: [*a, *a, *a]\n"
    #expect(LocatedDocuments(yaml: text, valueLimit: 30).error == nil)
    #expect(LocatedDocuments(yaml: text, valueLimit: 15).error?.reason == "too many values")
  }
}
