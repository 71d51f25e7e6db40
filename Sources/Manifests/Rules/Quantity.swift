import Glibc
import Support

/// An amount as Kubernetes writes it: a decimal number and a suffix such as `Mi`, `G`, `m` or `e3`
/// (Kubernetes API, `resource.Quantity`).
struct Quantity: Equatable {
  /// The amount in units: bytes, processors.
  let value: Double

  /// - Parameter field: what is measured, for the error.
  /// - Throws: `CommandError` with code `usage`, also for zero and less.
  init(_ text: String, _ field: String) throws {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || "+-.".contains($0)) }
    guard let number = Double(digits), let factor = Self.factor(of: text.dropFirst(digits.count)) else {
      throw CommandError(
        .usage, "invalid \(field) '\(text)'", cause: "it is no quantity",
        hint: "write a number and a suffix as Kubernetes does, such as 4Gi, 512M or 500m")
    }
    guard number > 0, (number * factor).isFinite else {
      throw CommandError(
        .usage, "invalid \(field) '\(text)'", cause: "it is not above zero", hint: "leave it out for none")
    }
    value = number * factor
  }

  private static func factor(of suffix: Substring) -> Double? {
    if let power = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].firstIndex(of: suffix) { return pow(1024, Double(power + 1)) }
    if let power = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].firstIndex(of: suffix) {
      return pow(1000, Double(power - 3))
    }
    guard suffix.first == "e" || suffix.first == "E", let exponent = Int(suffix.dropFirst()) else { return nil }
    return pow(10, Double(exponent))
  }
}

/// Bytes in whole mebibytes, as Kubernetes writes them, rounded up.
func mebibytes(_ bytes: UInt64) -> String { "\((bytes >> 20) + (bytes & 0xF_FFFF == 0 ? 0 : 1))Mi" }
