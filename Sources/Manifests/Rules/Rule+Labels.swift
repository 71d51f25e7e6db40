import Support

/// Labels of Kubernetes (`kubernetes.io/docs/concepts/overview/working-with-objects/labels`).
extension Rule {
  /// A key: a name, perhaps after a domain and a slash.
  static func labelKey(_ key: String, _ field: String) throws(CommandError) {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.last else { throw invalidLabel(field, key) }
    if parts.count == 2 { try subdomain(String(parts[0]), field) }
    guard !name.isEmpty else { throw invalidLabel(field, key) }
    try labelValue(String(name), field, mayBeEmpty: false)
  }

  /// A value: at most 63 letters, digits, dashes, dots and underscores, a letter or digit at both ends.
  static func labelValue(_ value: String, _ field: String, mayBeEmpty: Bool = true) throws(CommandError) {
    if value.isEmpty && mayBeEmpty { return }
    guard let first = value.utf8.first, let last = value.utf8.last, isAlphanumeric(first), isAlphanumeric(last),
      value.utf8.count <= 63, value.utf8.allSatisfy({ isAlphanumeric($0) || "-._".utf8.contains($0) })
    else { throw invalidLabel(field, value) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func invalidLabel(_ field: String, _ value: String) -> CommandError {
    invalid(
      field, value, "it is no label", hint: "write what 'kubectl get nodes --show-labels' shows, such as disk=nvme")
  }
}
