import KubernetesObjects
import Support

/// The checks of single values; each throws a usage error that names the field.
enum Rule {
  /// A name as Kubernetes gives to Services and labels (RFC 1123, section 2.1): letters, digits and dashes in lower
  /// case, at most `limit` bytes.
  ///
  /// - Parameter beginsWithLetter: as Services demand (RFC 1035).
  static func name(_ name: String, _ field: String, limit: Int = 63, beginsWithLetter: Bool = false)
    throws(ProgramError)
  {
    guard !name.isEmpty else { throw invalid(field, name, "it is empty", hint: nameHint) }
    guard name.utf8.allSatisfy({ isLowercase($0) || isDigit($0) || $0 == dash }) else {
      throw invalid(field, name, "only a-z, 0-9 and - are allowed", hint: nameHint)
    }
    guard name.utf8.first != dash, name.utf8.last != dash else {
      throw invalid(field, name, "it begins or ends with -", hint: nameHint)
    }
    guard !beginsWithLetter || name.utf8.first.map(isLowercase) == true else {
      throw invalid(field, name, "it does not begin with a letter", hint: nameHint)
    }
    guard name.utf8.count <= limit else {
      throw invalid(
        field, name, "it has \(name.utf8.count) characters, \(limit) are possible", hint: "choose a shorter name")
    }
  }

  /// Parts between dots, each a name: what classes and volumes are called.
  static func subdomain(_ name: String, _ field: String) throws(ProgramError) {
    guard name.utf8.count <= 253 else {
      throw invalid(
        field, name, "it has \(name.utf8.count) characters, 253 are possible", hint: "choose a shorter name")
    }
    for part in name.split(separator: ".", omittingEmptySubsequences: false) {
      do { try Self.name(String(part), field) } catch {
        throw invalid(field, name, error.cause ?? "it is no name", hint: nameHint)
      }
    }
  }

  static func range(_ value: Int, _ allowed: ClosedRange<Int>, _ field: String) throws(ProgramError) {
    guard allowed.contains(value) else {
      throw ProgramError(
        .usage, "invalid \(field) \(value)", hint: "give \(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }

  static func oneOf(_ choices: [String], _ value: String, _ field: String) throws(ProgramError) {
    guard choices.contains(value) else {
      throw ProgramError(.usage, "invalid \(field) '\(value)'", hint: "give \(alternatives(choices))")
    }
  }

  /// A reference to an image: no blanks, no scheme, not empty.
  static func image(_ image: String, _ field: String) throws(ProgramError) {
    let hint = "write it like registry.example.com/vineyardctl:1.0"
    guard !image.isEmpty else { throw invalid(field, image, "it is empty", hint: hint) }
    guard !hasScheme(image) else { throw invalid(field, image, "it has a scheme", hint: hint) }
    guard image.utf8.allSatisfy(isReferenceByte), !image.hasPrefix("/"), !image.hasSuffix("/"), !image.hasSuffix(":")
    else {
      throw invalid(field, image, "it is no image reference", hint: hint)
    }
  }

  static func registry(_ registry: String) throws(ProgramError) {
    let hint = "write it like registry.example.com:5000/path"
    guard !hasScheme(registry) else { throw invalid("image registry", registry, "it has a scheme", hint: hint) }
    guard registry.utf8.allSatisfy(isReferenceByte), !registry.hasPrefix("/"),
      !registry.utf8.contains(UInt8(ascii: "@"))
    else {
      throw invalid("image registry", registry, "it is no host", hint: hint)
    }
  }

  /// An absolute path without `..`.
  static func path(_ path: String, _ field: String) throws(ProgramError) {
    let hint = "give an absolute path without .."
    guard path.hasPrefix("/"), path.utf8.count > 1 else { throw invalid(field, path, "it is not absolute", hint: hint) }
    guard !path.split(separator: "/").contains(".."), !path.utf8.contains(0), !path.utf8.contains(UInt8(ascii: ":"))
    else {
      throw invalid(field, path, "it has a part that is not allowed", hint: hint)
    }
  }

  /// A name of an environment variable as every Kubernetes release takes it.
  static func environmentName(_ name: String) throws(ProgramError) {
    guard let first = name.utf8.first, !isDigit(first),
      name.utf8.allSatisfy({ isLowercase($0 | 0x20) || isDigit($0) || "-._".utf8.contains($0) })
    else {
      throw ProgramError(
        .usage, "invalid name of an environment variable '\(name)'",
        hint: "use letters, digits and _, and no digit at the beginning")
    }
  }

  static func invalid(_ field: String, _ value: String, _ cause: String, hint: String?) -> ProgramError {
    ProgramError(.usage, "invalid \(field) '\(value)'", cause: cause, hint: hint)
  }

  private static func hasScheme(_ text: String) -> Bool {
    text.drop { $0 != ":" }.hasPrefix("://")
  }

  private static let nameHint = "use letters a-z, digits and -, such as vineyardd-sample"
  private static let dash = UInt8(ascii: "-")

  private static func isLowercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isReferenceByte(_ byte: UInt8) -> Bool {
    isLowercase(byte | 0x20) || isDigit(byte) || "-._/:@".utf8.contains(byte)
  }

  private static func alternatives(_ choices: [String]) -> String {
    choices.dropLast().joined(separator: ", ") + " or " + (choices.last ?? "")
  }
}

/// Labels of Kubernetes (`kubernetes.io/docs/concepts/overview/working-with-objects/labels`).
extension Rule {
  /// A key: a name, perhaps after a domain and a slash.
  static func labelKey(_ key: String, _ field: String) throws(ProgramError) {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.last else { throw invalidLabel(field, key) }
    if parts.count == 2 { try subdomain(String(parts[0]), field) }
    guard !name.isEmpty else { throw invalidLabel(field, key) }
    try labelValue(String(name), field, mayBeEmpty: false)
  }

  /// A value: at most 63 letters, digits, dashes, dots and underscores, a letter or digit at both ends.
  static func labelValue(_ value: String, _ field: String, mayBeEmpty: Bool = true) throws(ProgramError) {
    if value.isEmpty && mayBeEmpty { return }
    guard let first = value.utf8.first, let last = value.utf8.last, isAlphanumeric(first), isAlphanumeric(last),
      value.utf8.count <= 63, value.utf8.allSatisfy({ isAlphanumeric($0) || "-._".utf8.contains($0) })
    else { throw invalidLabel(field, value) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func invalidLabel(_ field: String, _ value: String) -> ProgramError {
    invalid(
      field, value, "it is no label", hint: "write what 'kubectl get nodes --show-labels' shows, such as disk=nvme")
  }
}

extension Quantity {
  /// Reads an amount above zero.
  ///
  /// - Parameter field: what is measured, for the error.
  /// - Throws: `ProgramError` with code `usage`.
  init(_ text: String, _ field: String) throws {
    guard let quantity = Quantity(text) else {
      throw ProgramError(
        .usage, "invalid \(field) '\(text)'", cause: "it is no quantity",
        hint: "write a number and a suffix as Kubernetes does, such as 4Gi, 512M or 500m")
    }
    guard quantity.value > 0, quantity.value.isFinite else {
      throw ProgramError(
        .usage, "invalid \(field) '\(text)'", cause: "it is not above zero", hint: "leave it out for none")
    }
    self = quantity
  }
}

/// Bytes in whole mebibytes, as Kubernetes writes them, rounded up.
func mebibytes(_ bytes: UInt64) -> String { "\((bytes >> 20) + (bytes & 0xF_FFFF == 0 ? 0 : 1))Mi" }

extension Rule {
  /// The limit of a volume: `request`, `none`, or whole bytes above zero as a quantity without a sign.
  static func quota(_ text: String) throws(ProgramError) {
    if ["request", "none"].contains(text) { return }
    guard let quantity = Quantity(text), let bytes = quantity.bytes, bytes > 0,
      quantity.value.rounded() == quantity.value,
      text.utf8.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true
    else {
      throw ProgramError(
        .usage, "invalid quota '\(text)'",
        hint: "give request (what a claim asks for), none, or a size such as 4Gi")
    }
  }
}
