import Glibc
import SeededRandom
import StoreCore
import StoreProtocol
import Testing

/// Patterns mean what fnmatch(3) with flags 0 means by them.
@Suite("wildcards")
struct WildcardTests {
  let fixture = StoreFixture()

  /// A store in which one object has all the names.
  private func name(_ names: [String]) throws {
    let id = try fixture.object()
    try fixture.store.persist(id, in: fixture.root)
    for name in names { try fixture.store.putName(name, to: id, in: fixture.root) }
  }

  private func matches(_ pattern: String) throws -> Set<String> {
    Set(try fixture.store.listNames(.wildcard(pattern), limit: .max, in: fixture.root).map(\.name))
  }

  @Test(
    "the table",
    arguments: [
      ("", "", true), ("", "a", false), ("a", "a", true), ("a", "A", false), ("*", "", true), ("*", "a/b", true),
      ("?", "/", true), ("?", "", false), ("a*c", "abc", true), ("a*c", "a/b/c", true), ("a*c", "ab", false),
      ("*::*<int64>", "vineyard::Tensor<int64>", true), ("**", "x", true), ("*a*b*", "xaybz", true),
      ("[abc]", "b", true), ("[!abc]", "b", false), ("[!abc]", "d", true), ("[^abc]", "d", true),
      ("[a-c]x", "bx", true),
      ("[a-c]", "d", false), ("[]]", "]", true), ("[!]]", "]", false), ("[]a]", "a", true), ("[a-]", "-", true),
      ("[-a]", "-", true), ("[", "[", true), ("[a", "[a", true), ("a[", "a[", true), ("[c-a]", "b", false),
      (#"\*"#, "*", true), (#"\*"#, "a", false), (#"[\]]"#, "]", true), (#"a\"#, "a", false), (#"a\"#, #"a\"#, false),
      ("[[:digit:]]*", "7x", true), ("[[:alpha:]]", "7", false), ("[![:space:]]", "a", true),
      ("[[:digit:]a]", "a", true), ("[[:upper:][:digit:]]", "b", false), (".*", ".a", true), ("*", ".a", true),
    ])
  func table(pattern: String, text: String, expected: Bool) throws {
    #expect((fnmatch(pattern, text, 0) == 0) == expected, "the table must agree with the system")
    try name([text])
    #expect(try matches(pattern).contains(text) == expected)
  }

  @Test("2000 patterns made of everything special agree with the system's fnmatch")
  func differential() throws {
    var random = SplitMix64(seed: 11)
    let alphabet = Array("ab-]/\\.!^[c")
    var names: Set<String> = [""]
    while names.count < 60 {
      names.insert(String((0..<random.number(below: 6)).map { _ in alphabet[random.number(below: alphabet.count)] }))
    }
    try name(names.sorted())
    let special = Array("ab**??[[]]-!^\\c/")
    for _ in 0..<2000 {
      let pattern = String((0..<random.number(below: 8)).map { _ in special[random.number(below: special.count)] })
      let expected = names.filter { fnmatch(pattern, $0, 0) == 0 }
      let found = try matches(pattern)
      if found != expected {
        let difference = found.symmetricDifference(expected).sorted()
        Issue.record("pattern \(pattern.debugDescription) differs on \(difference)")
      }
    }
  }

  @Test("a pattern of many stars stays fast")
  func manyStars() throws {
    try name([String(repeating: "a", count: 2000)])
    #expect(try matches(String(repeating: "a*", count: 500) + "b").isEmpty)
  }
}
