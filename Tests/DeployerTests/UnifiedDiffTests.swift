import Testing

@testable import Deployer

/// Differences as diff -u writes them.
@Suite struct UnifiedDiffTests {
  private func diff(_ old: String, _ new: String) -> String {
    UnifiedDiff.text(from: old, to: new, names: ("old", "new"))
  }

  private func numbers(_ range: ClosedRange<Int>, changing changes: [Int: String] = [:]) -> String {
    range.map { "\(changes[$0] ?? String($0))\n" }.joined()
  }

  @Test func `equal texts have none`() {
    #expect(diff("", "") == "")
    #expect(diff("a\nb\n", "a\nb\n") == "")
  }

  @Test func `a new text is all added, an old one all removed`() {
    #expect(diff("", "a\nb\n") == "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n")
    #expect(diff("a\nb\n", "") == "--- old\n+++ new\n@@ -1,2 +0,0 @@\n-a\n-b\n")
  }

  @Test func `a change is shown between three lines on either side`() {
    let text = diff(numbers(1...20), numbers(1...20, changing: [10: "ten"]))
    #expect(text == "--- old\n+++ new\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n")
  }

  @Test func `changes far apart are shown apart, close ones together`() {
    let apart = diff(numbers(1...30), numbers(1...30, changing: [5: "five", 25: "twenty-five"]))
    #expect(apart.split(separator: "\n").count { $0.hasPrefix("@@") } == 2)
    let close = diff(numbers(1...30), numbers(1...30, changing: [10: "ten", 16: "sixteen"]))
    #expect(close.contains("@@ -7,13 +7,13 @@"))
  }

  @Test func `lines are counted on both sides`() {
    let text = diff("a\nb\nc\n", "a\nx\ny\nb\nc\nd\n")
    #expect(text == "--- old\n+++ new\n@@ -1,3 +1,6 @@\n a\n+x\n+y\n b\n c\n+d\n")
  }
}
