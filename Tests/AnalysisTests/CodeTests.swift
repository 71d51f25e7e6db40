import Analysis
import Glibc
import Support
import Testing

/// For each code a file with the mistake, whose lines say what is found on them, and one as close to it without.
@Suite struct CodeTests {
  static let codes = RuleID.allCases.map(\.rawValue)

  @Test(arguments: codes)
  func `a mistake is found where it is, and nothing else`(_ code: String) throws {
    let text = try Samples.file("\(code).yaml")
    let expected = Samples.marks(in: text)
    #expect(!expected.isEmpty && expected.allSatisfy { $0.hasSuffix(code) })
    let analysis = Samples.analyze(text)
    #expect(analysis.findings.map { "\($0.place.line): \($0.code)" } == expected, "\(analysis.text())")
    for finding in analysis.findings {
      #expect(finding.severity == RuleID(rawValue: code)?.severity)
      #expect(!finding.message.isEmpty && !finding.message.hasSuffix("."))
    }
  }

  @Test(arguments: codes)
  func `what is close to the mistake is none`(_ code: String) throws {
    let analysis = Samples.analyze(try Samples.file("\(code)-clean.yaml"))
    #expect(analysis.findings.isEmpty, "\(analysis.text())")
    #expect(analysis.stepCount + analysis.claimCount > 0)
  }

  @Test(arguments: codes)
  func `a code can be silenced everywhere, and the rest stays`(_ code: String) throws {
    var analyzer = Samples.analyzer
    analyzer.ignored = [code]
    #expect(analyzer.analyze([AnalyzedFile(name: "a", text: try Samples.file("\(code).yaml"))]).findings.isEmpty)
    analyzer.ignored = Set(Self.codes).subtracting([code])
    #expect(!analyzer.analyze([AnalyzedFile(name: "a", text: try Samples.file("\(code).yaml"))]).findings.isEmpty)
  }

  @Test(arguments: codes)
  func `a comment above or on the line silences a code there only`(_ code: String) throws {
    let text = try Samples.file("\(code).yaml")
    let above = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let indentation = String(line.prefix { $0 == " " })
      return line.firstRange(of: Samples.mark) == nil
        ? String(line) : "\(indentation)# vineyard: ignore \(code)\n\(line)"
    }.joined(separator: "\n")
    #expect(Samples.analyze(above).findings.isEmpty, "\(Samples.analyze(above).text())")
    let beside = text.replacing(Samples.mark, with: "# vineyard: ignore VY0199, ")
    #expect(Samples.analyze(beside).findings.isEmpty)
    let other = text.replacing(Samples.mark, with: "# vineyard: ignore VY0199 # ")
      .replacing("# \(code)", with: "")
    #expect(Samples.analyze(other).findings.count == Samples.marks(in: text).count)
  }
}
