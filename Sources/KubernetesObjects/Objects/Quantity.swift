import Glibc

/// An amount as Kubernetes writes it: `16Gi`, `1.5G`, `500m`, `12e3`.
///
/// Source: Kubernetes documentation, "Quantity": binary suffixes Ki to Ei, decimal ones n to E, or an exponent.
public struct Quantity: Sendable, Equatable {
  /// The amount, in the unit of what is measured.
  public let value: Double

  /// Reads an amount; nil when the text is none.
  public init?(_ text: String) {
    let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "+" || $0 == "-" }
    let suffix = String(text.dropFirst(digits.count))
    guard let number = Double(digits) else { return nil }
    if let factor = Self.factors[suffix] {
      value = number * factor
    } else if suffix.first == "e" || suffix.first == "E", let exponent = Int(suffix.dropFirst()) {
      value = number * pow(10, Double(exponent))
    } else {
      return nil
    }
  }

  /// The amount as whole bytes, rounded up; nil when negative or too large.
  public var bytes: UInt64? { UInt64(exactly: value.rounded(.up)) }

  private static let factors: [String: Double] = [
    "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 0x1p10, "Mi": 0x1p20, "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50, "Ei": 0x1p60,
  ]
}
