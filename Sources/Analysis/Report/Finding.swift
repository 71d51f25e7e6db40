import Support

/// How much a finding matters.
public enum Severity: String, Sendable, CaseIterable {
  /// What cannot work.
  case error
  /// What works by luck, or costs.
  case warning
  /// What may be meant.
  case note
}

/// Something that a rule has found.
public struct Finding: Sendable {
  /// The code of the rule, such as `VY0106`.
  public let code: String
  public let severity: Severity
  public let place: Place
  /// The mistake, in lower case and without a full stop.
  public let message: String
  /// The remedy.
  public let hint: String?

  init(_ rule: RuleID, _ place: Place, _ message: String, hint: String? = nil) {
    code = rule.rawValue
    severity = rule.severity
    self.place = place
    self.message = message.shown
    self.hint = hint?.shown
  }

  /// The fields that lead to it, such as `spec.templates[2].container`.
  public var path: String { place.path.text.shown }
}

extension String {
  /// The text as it may stand in a message: on one line, without what a terminal would obey.
  var shown: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
    return String(
      String.UnicodeScalarView(
        onOneLine.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }

  /// A text of a file between quotes, cut where it is long.
  var quoted: String { count > 80 ? "'\(prefix(77))…'" : "'\(self)'" }
}
