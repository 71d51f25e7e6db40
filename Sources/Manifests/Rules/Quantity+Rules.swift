import KubernetesObjects
import Support

extension Quantity {
  /// Reads an amount above zero.
  ///
  /// - Parameter field: what is measured, for the error.
  /// - Throws: `CommandError` with code `usage`.
  init(_ text: String, _ field: String) throws {
    guard let quantity = Quantity(text) else {
      throw CommandError(
        .usage, "invalid \(field) '\(text)'", cause: "it is no quantity",
        hint: "write a number and a suffix as Kubernetes does, such as 4Gi, 512M or 500m")
    }
    guard quantity.value > 0, quantity.value.isFinite else {
      throw CommandError(
        .usage, "invalid \(field) '\(text)'", cause: "it is not above zero", hint: "leave it out for none")
    }
    self = quantity
  }
}

/// Bytes in whole mebibytes, as Kubernetes writes them, rounded up.
func mebibytes(_ bytes: UInt64) -> String { "\((bytes >> 20) + (bytes & 0xF_FFFF == 0 ? 0 : 1))Mi" }

extension Rule {
  /// What a volume may hold: `request`, `none`, or whole bytes above zero as a quantity without a sign.
  static func quota(_ text: String) throws(CommandError) {
    if ["request", "none"].contains(text) { return }
    guard let quantity = Quantity(text), let bytes = quantity.bytes, bytes > 0,
      quantity.value.rounded() == quantity.value,
      text.utf8.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true
    else {
      throw CommandError(
        .usage, "invalid quota '\(text)'",
        hint: "give request (what a claim asks for), none, or a size such as 4Gi")
    }
  }
}
