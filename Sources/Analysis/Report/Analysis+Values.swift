import Documents
import Support

/// The forms of findings for programs.
extension Analysis {
  /// A list of `code`, `severity`, `file`, `line`, `column`, `message`, `hint` and `path`.
  public var value: Value {
    .array(
      findings.map { finding in
        [
          "code": .string(finding.code), "severity": .string(finding.severity.rawValue),
          "file": .string(file(of: finding)), "line": Value(finding.place.line),
          "column": Value(finding.place.column), "message": .string(finding.message),
          "hint": finding.hint.map { .string($0) } ?? .null, "path": .string(finding.path),
        ]
      })
  }

  /// A log in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS).
  ///
  /// - Parameter version: of the program.
  public func sarif(version: String) -> Value {
    let rules: [Value] = RuleID.allCases.map { rule in
      [
        "id": .string(rule.rawValue), "shortDescription": ["text": .string(rule.summary.asSentence)],
        "help": ["text": .string(rule.remedy.asSentence)],
        "defaultConfiguration": ["level": .string(rule.severity.rawValue)],
      ]
    }
    let driver: Value = ["name": "vineyardctl", "version": .string(version), "rules": .array(rules)]
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        [
          "tool": ["driver": driver], "columnKind": "unicodeCodePoints",
          "artifacts": .array(files.map { ["location": ["uri": .string(Self.uri($0))]] }),
          "results": .array(findings.map { result($0) }),
        ]
      ],
    ]
  }

  private func result(_ finding: Finding) -> Value {
    let index = RuleID.allCases.firstIndex { $0.rawValue == finding.code } ?? 0
    let text = finding.message + (finding.hint.map { " (hint: \($0))" } ?? "")
    let region: Value = ["startLine": Value(finding.place.line), "startColumn": Value(finding.place.column)]
    let artifact: Value = ["uri": .string(Self.uri(file(of: finding))), "index": Value(finding.place.file)]
    var location: Value = ["physicalLocation": ["artifactLocation": artifact, "region": region]]
    if !finding.path.isEmpty { location["logicalLocations"] = [["fullyQualifiedName": .string(finding.path)]] }
    return [
      "ruleId": .string(finding.code), "ruleIndex": Value(index), "level": .string(finding.severity.rawValue),
      "message": ["text": .string(text)], "locations": [location],
    ]
  }

  /// The name of a file as a URI reference (RFC 3986): relative as it is, absolute below `file://`.
  static func uri(_ name: String) -> String {
    var text = name.hasPrefix("/") ? "file://" : ""
    for byte in name.utf8 {
      let isPlain =
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || "-._~/".utf8.contains(byte)
      text += isPlain ? String(Unicode.Scalar(byte)) : "%" + hex(byte)
    }
    return text
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count == 1 ? "0\(digits)" : digits
  }
}

extension String {
  /// With a capital letter and a full stop.
  fileprivate var asSentence: String { prefix(1).uppercased() + dropFirst() + "." }
}
