import Support

/// The form of findings for people.
extension Analysis {
  /// A line for each finding, as compilers write them.
  public func text(_ palette: Palette = .plain) -> String {
    findings.map { finding in
      let severity = palette.paint(finding.severity.rawValue, finding.severity.colour)
      let hint = finding.hint.map { " (hint: \($0))" } ?? ""
      let place = "\(file(of: finding).shown):\(finding.place.line)"
      return "\(place): \(severity) \(finding.code): \(finding.message)\(hint)\n"
    }.joined()
  }
}

extension Severity {
  fileprivate var colour: Palette.Colour {
    switch self {
    case .error: .red
    case .warning: .yellow
    case .note: .cyan
    }
  }
}
