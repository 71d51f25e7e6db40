import KubernetesObjects
import Support

/// The finding of one check.
public struct Finding: Sendable, Equatable {
  public enum Outcome: String, Sendable {
    case passed
    case warning
    case failed

    /// The sign in front of a line.
    public var symbol: Symbol {
      switch self {
      case .passed: .done
      case .warning: .warning
      case .failed: .failure
      }
    }
  }

  /// The heading it stands under: `Kubernetes API`.
  public let group: String
  public let outcome: Outcome
  /// One sentence without a full stop.
  public let text: String
  /// Advice; nil when it passed.
  public let hint: String?

  init(_ group: String, _ outcome: Outcome, _ text: String, hint: String? = nil) {
    self.group = group
    self.outcome = outcome
    self.text = text
    self.hint = hint
  }

  /// The finding as data.
  public var value: Value {
    var value: Value = ["group": .string(group), "outcome": .string(outcome.rawValue), "text": .string(text)]
    if let hint { value["hint"] = .string(hint) }
    return value
  }
}

extension Finding {
  /// Findings as people read them, under their headings; a hint that several share stands once, below the last of
  /// those that follow each other.
  public static func text(_ findings: [Finding], _ palette: Palette = .plain) -> String {
    var text = ""
    var group: String?
    var told: Set<String> = []
    for (index, finding) in findings.enumerated() {
      if finding.group != group { text += "\(group == nil ? "" : "\n")\(finding.group)\n" }
      group = finding.group
      text += "  \(finding.outcome.symbol.text(palette)) \(finding.text.onOneLine)\n"
      guard let hint = finding.hint else { continue }
      let next = index + 1 < findings.count ? findings[index + 1] : nil
      if next?.group == group && next?.hint == hint { continue }
      if told.insert(hint).inserted { text += "    hint: \(hint.onOneLine)\n" }
    }
    return text
  }
}
