import SeededRandom
import Testing

@testable import StoreCore

/// Regular expressions mean what ECMAScript means by them, and no expression takes long.
@Suite("regular expressions", .timeLimit(.minutes(10)))
struct RegularExpressionTests {
  private func matches(_ pattern: String, _ text: String) -> Bool {
    var match = TextPattern.regularExpression(pattern).matcher()(text)
    var steps = Int.max
    return match.advance(steps: &steps) ?? false
  }

  @Test(
    "whole texts match",
    arguments: [
      // Expression, texts that match, texts that don't.
      ("", [""], ["a"]),
      ("abc", ["abc"], ["", "ab", "abcd", "ABC", "xabc"]),
      ("vineyard::Tensor<.*>", ["vineyard::Tensor<int64>", "vineyard::Tensor<>"], ["vineyard::Tensor"]),
      (".", ["a", "é", "日", "\u{0}"], ["", "ab", "\n", "\r", "\u{2028}"]),
      ("[^]", ["a", "\n", "😀"], ["", "ab"]),
      ("[]", [], ["", "a", "]"]),
      ("é+", ["é", "éé"], ["e", "\u{c3}"]),
      (#"e\u0301"#, ["e\u{301}"], ["é", "e"]),
      ("a|b|cd", ["a", "b", "cd"], ["c", "d", "ad", ""]),
      ("a||b", ["a", "", "b"], ["ab"]),
      ("(|a)b", ["b", "ab"], ["a"]),
      ("(a|b)(?:c|d)", ["ac", "bd"], ["a", "ab", "cd"]),
      ("()", [""], ["a"]),
    ])
  func basics(pattern: String, matching: [String], others: [String]) {
    expect(pattern, matching, others)
  }

  @Test(
    "escapes",
    arguments: [
      (#"\d"#, ["0", "9"], ["a", "", "٣"]), (#"\D"#, ["a", "\n", "٣"], ["0", ""]),
      (#"\w"#, ["a", "Z", "0", "_"], ["-", "é"]), (#"\W"#, ["-", "é", "\n"], ["a", "_"]),
      (#"\s"#, [" ", "\t", "\n", "\u{b}", "\u{c}", "\r"], ["a", "\u{a0}"]), (#"\S"#, ["a", "\u{a0}"], [" ", "\n"]),
      (#"\t\n\r\f\v\0"#, ["\t\n\r\u{c}\u{b}\u{0}"], ["tnrfv0"]), (#"\01"#, ["\u{0}1"], ["\u{1}"]),
      (#"\x41\u00e9\u65e5"#, ["Aé日"], ["A"]), (#"\x2a"#, ["*"], ["", "**"]), (#"\cJ\cj"#, ["\n\n"], ["JJ"]),
      (#"\.\*\+\?\(\)\[\]\{\}\|\^\$\\\/\-\<"#, [#".*+?()[]{}|^$\/-<"#], ["a"]),
      (#"\q\_"#, ["q_"], [#"\q\_"#]), ("]}", ["]}"], [""]), (#"\ud800"#, [], ["\u{fffd}", ""]),
    ])
  func escapes(pattern: String, matching: [String], others: [String]) {
    expect(pattern, matching, others)
  }

  @Test(
    "bracket expressions",
    arguments: [
      ("[abc]", ["a", "c"], ["d", "", "ab"]), ("[^abc]", ["d", "^", "\n", "日"], ["a", ""]),
      ("[a-cx-z]", ["b", "y"], ["d", "-"]), ("[α-ω日]", ["β", "日"], ["a", "Α", "本"]), ("[^α-ω]", ["a"], ["β"]),
      ("[-a]", ["-", "a"], ["b"]), ("[a-]", ["-", "a"], ["b"]), ("[a-c-e]", ["b", "-", "e"], ["d"]),
      ("[+--]", ["+", ",", "-"], ["."]), (#"[\w-]"#, ["a", "-"], ["."]), (#"[\-a]"#, ["-", "a"], [#"\"#]),
      (#"[\d_\s]"#, ["7", "_", " "], ["a"]), (#"[^\W_]"#, ["a", "7"], ["_", "-"]), (#"[\]\\]"#, ["]", #"\"#], ["["]),
      (#"[\x61-\u0063]"#, ["b"], ["d"]), (#"[\b]"#, ["\u{8}"], ["b", ""]), ("[[]", ["["], ["]"]),
      ("[.*+?(){}|^$]", [".", "*", "+", "?", "(", ")", "{", "}", "|", "^", "$"], ["a"]),
      ("[[:alpha:]]", ["a", "Z"], ["1", "é", ":"]), ("[[:digit:]]", ["1"], ["a"]), ("[[:alnum:]]", ["a", "1"], ["_"]),
      ("[[:space:]]", [" ", "\u{b}"], ["a"]), ("[[:blank:]]", [" ", "\t"], ["\n"]), ("[[:upper:]]", ["A"], ["a"]),
      ("[[:lower:]]", ["a"], ["A"]), ("[[:punct:]]", ["!", "_", "~"], ["a", " "]), ("[[:print:]]", [" "], ["\n"]),
      ("[[:graph:]]", ["!"], [" "]), ("[[:cntrl:]]", ["\u{7f}", "\n"], ["a"]), ("[[:xdigit:]]", ["f", "A"], ["g"]),
      ("[b-ec-da]", ["a", "c", "e"], ["f"]), ("[^b-ec-d]", ["a", "f"], ["b", "e"]), ("[a-ba-e]", ["d"], ["f"]),
      ("[[:w:][:s:]]", ["_", " "], ["-"]), ("[^[:alpha:]_]", ["1"], ["a", "_"]), ("[[:alpha:]-]", ["-"], ["1"]),
    ])
  func brackets(pattern: String, matching: [String], others: [String]) {
    expect(pattern, matching, others)
  }

  @Test(
    "quantifiers, greedy and lazy",
    arguments: [
      ("a*", ["", "a", "aaa"], ["b", "ab"]), ("a+", ["a", "aa"], [""]), ("a?", ["", "a"], ["aa"]),
      ("a*?", ["", "aaa"], ["b"]), ("a+?b", ["ab", "aab"], ["b"]), ("a??", ["", "a"], ["aa"]),
      ("a{2}", ["aa"], ["a", "aaa"]), ("a{2,}", ["aa", "aaaaa"], ["a"]), ("a{1,3}", ["a", "aaa"], ["", "aaaa"]),
      ("a{2,3}?", ["aa", "aaa"], ["a", "aaaa"]), ("a{0}", [""], ["a"]), ("a{0,1}b", ["b", "ab"], ["aab"]),
      ("a{0,}", ["", "aa"], ["b"]), ("(ab){2}c", ["ababc"], ["abc"]), ("(a|b){2,}", ["ab", "bba"], ["a"]),
      ("(a{2}){2}", ["aaaa"], ["aa", "aaa"]), ("(a*)*", ["", "aaa"], ["b"]), ("(a*)+b", ["b", "aab"], ["a"]),
      ("(a|){3}", ["", "a", "aaa"], ["aaaa"]), ("(?:){5}", [""], ["a"]), ("a**", ["", "aa"], ["b"]),
      ("a{2}{3}", ["aaaaaa"], ["aaaaa"]), ("()*", [""], ["a"]), ("(a?){3,}", ["", "aaaa"], ["b"]),
    ])
  func quantifiers(pattern: String, matching: [String], others: [String]) {
    expect(pattern, matching, others)
  }

  @Test(
    "anchors and word boundaries",
    arguments: [
      ("^a$", ["a"], ["ba", "^a$"]), ("^", [""], ["a"]), ("$", [""], ["a"]), ("a^b", [], ["ab", "a^b"]),
      ("a$\nb", [], ["a\nb"]), ("(^a|b)*", ["", "a", "abb"], ["ba", "aa"]), ("(a|b$)*", ["aab"], ["ba"]),
      (#"\ba\b"#, ["a"], [""]), (#"a\b-"#, ["a-"], ["a"]), (#"a\bb"#, [], ["ab"]), (#"a\Bb"#, ["ab"], ["a-"]),
      (#"\B"#, [""], ["a"]), (#"\b"#, [], ["", "a"]), (#".*\bint\b.*"#, ["T<int>", "int"], ["T<uint>", "int64"]),
      (#"(\b|a)*"#, ["", "aa"], ["b"]), (#"(\Ba|b)+"#, ["ba", "baab"], ["a", "ab"]),
    ])
  func assertions(pattern: String, matching: [String], others: [String]) {
    expect(pattern, matching, others)
  }

  private func expect(_ pattern: String, _ matching: [String], _ others: [String]) {
    #expect(RegularExpression(pattern) != nil)
    #expect(matching.filter { !matches(pattern, $0) } == [], "these should match")
    #expect(others.filter { matches(pattern, $0) } == [], "these should not match")
  }

  @Test(
    "an invalid expression matches nothing",
    arguments: [
      "(", ")", "a)", "(a", "(a))", "[", "[a", "[^", "[a-", #"[\]"#, "*", "+a", "?", "a|*", "(*a)", "^*", #"\b+"#, "$?",
      "{", "{2}", "a{", "a{}", "a{,2}", "a{2", "a{2,", "a{2,1}", "a{x}", "a{1 }", "a{-1}", "a{99999999999999999999}",
      #"\"#, #"\x"#, #"\x4"#, #"\xg0"#, #"\u"#, #"\u004"#, #"\x１１"#, #"\c"#, #"\c1"#, "[b-a]", #"[\d-z]"#, #"[a-\d]"#,
      "[a--]", "[[:nope:]]", "[[:alpha:]", "[[:alpha]]", "[[:alpha:]-z]", "[[.a.]]", "[[=a=]]", #"[\B]"#, "(?", "(?)",
      // Not in linear time.
      #"(a)\1"#, #"\9"#, "(?=a)a", "(?!a)b", "(?<=a)b", "(?<n>a)", "(?i)a", "(?>a)",
    ])
  func invalid(pattern: String) {
    #expect(RegularExpression(pattern) == nil)
    let begin = TextPattern.regularExpression(pattern).matcher()
    for text in ["", "a", "aa", "b", pattern] {
      var (match, steps) = (begin(text), Int.max)
      #expect(match.advance(steps: &steps) == false)
    }
  }

  // MARK: - Against another implementation

  @Test("random expressions agree with Swift's own", arguments: [1, 2, 3, 4] as [UInt64])
  func differential(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var matching = 0
    for _ in 0..<500 {
      let pattern = Self.pattern(depth: 3, &random)
      let reference = try Regex(pattern).wordBoundaryKind(.simple)
      let expression = try #require(RegularExpression(pattern), "\(pattern) should be valid")
      for _ in 0..<15 {
        let letters = (0..<random.number(below: 7)).compactMap { _ in random.pick(Array("aabb1_ -")) }
        let text = String(letters)
        let expected = try reference.wholeMatch(in: text) != nil
        if expected { matching += 1 }
        #expect(
          expression.matches(text) == expected,
          "seed \(seed): \(pattern.debugDescription) on \(text.debugDescription)")
      }
    }
    #expect(matching > 500, "the corpus should not be all mismatches")
  }

  /// An expression that both implementations read alike.
  private static func pattern(depth: Int, _ random: inout SplitMix64) -> String {
    let atoms = [
      "", "a", "b", "ab", ".", #"\d"#, #"\w"#, #"\W"#, #"\s"#, "[ab]", "[^a]", "[a-c1]", #"[^\d_]"#, "[[:alpha:]]",
      #"\x61"#, "^", "$", #"\b"#, #"\B"#,
    ]
    let quantifiers = ["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?", "??", "{1,2}?"]
    if depth == 0 || random.oneIn(4) { return random.pick(atoms) ?? "" }
    let left = pattern(depth: depth - 1, &random)
    switch random.number(below: 4) {
    case 0, 1: return left + pattern(depth: depth - 1, &random)
    case 2: return "(\(left)|\(pattern(depth: depth - 1, &random)))"
    default: return "(?:\(left))" + (random.pick(quantifiers) ?? "")
    }
  }

  // MARK: - Limits

  @Test(
    "expressions that defeat backtracking are quick on 100 kB",
    arguments: [
      ("(a+)+$", true, false), ("(a|a)*b", false, true), ("(.*)*x", false, false), ("(a*)*b", false, true),
      ("(a|aa)+", true, false), ("(.*a){12}", true, false), ("(a?){40}a{40}.*", true, true), ("(x+x+)+y", false, false),
      (#"(\b|a|\w)*"#, true, true), ("((a*)*)*", true, false), ("^(([a-z])+.)+[A-Z]([a-z])+$", false, false),
    ])
  func pathological(pattern: String, plain: Bool, extended: Bool) throws {
    let text = String(repeating: "a", count: 100_000)
    let expression = try #require(RegularExpression(pattern))
    let start = ContinuousClock.now
    #expect(expression.matches(text) == plain)
    #expect(expression.matches(text + "b") == extended)
    // Generous: unoptimised code on a busy machine.
    #expect(start.duration(to: .now) < .seconds(30))
  }

  @Test("a program has as many instructions as allowed, not one more")
  func instructions() {
    let limit = RegularExpression.maximumInstructions
    #expect(matches("a{\(limit)}", String(repeating: "a", count: limit)))
    #expect(!matches("a{\(limit)}", String(repeating: "a", count: limit - 1)))
    let literal = String(repeating: "a", count: limit)
    #expect(matches(literal, literal))
    #expect(RegularExpression(literal + "a") == nil)
    #expect(RegularExpression("a{\(limit + 1)}") == nil)
    #expect(RegularExpression("a{0,\(limit / 2)}") != nil)
    #expect(RegularExpression("a{0,\(limit / 2 + 1)}") == nil)
    #expect(RegularExpression("a{\(limit),}") == nil)
    #expect(RegularExpression("a{\(Int.max)}") == nil)
    #expect(RegularExpression("a{0,\(Int.max)}") == nil)
    #expect(RegularExpression("((a{100}){100}){100}") == nil)
    #expect(RegularExpression("(a{10}){10}") != nil)
    #expect(RegularExpression("a" + String(repeating: "|a", count: limit)) == nil)
    #expect(RegularExpression("a" + String(repeating: "*", count: limit)) == nil)
    #expect(matches("((){\(Int.max)}){\(Int.max)}a", "a"), "what is empty takes no room")
  }

  @Test("groups nest as deep as allowed, and an expression is as long as allowed")
  func depthAndLength() {
    let depth = RegularExpression.maximumDepth
    let nested = { (count: Int) in String(repeating: "(", count: count) + "a" + String(repeating: ")", count: count) }
    #expect(matches(nested(depth), "a"))
    #expect(RegularExpression(nested(depth + 1)) == nil)
    #expect(RegularExpression(String(repeating: "(", count: 60_000)) == nil)
    #expect(matches(String(repeating: "(a)", count: depth + 1), String(repeating: "a", count: depth + 1)))
    let length = RegularExpression.maximumLength
    #expect(matches("[" + String(repeating: "a", count: length - 2) + "]", "a"))
    #expect(RegularExpression("[" + String(repeating: "a", count: length - 1) + "]") == nil)
  }
}
