import Documents
import Support

/// The tolerations of a pod, as people write taints: `key`, `key=value`, `key:Effect`, `key=value:Effect`.
public enum Toleration {
  /// Reads one.
  ///
  /// Source: `kubectl taint`, which writes taints as `key=value:Effect`. Without a value every value is tolerated,
  /// without an effect every effect; `*` tolerates every taint.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  public static func parse(_ text: String) throws -> Value {
    if text.hasPrefix("{") {
      guard let toleration = try? Value(yaml: text), toleration.fields != nil else { throw invalid(text) }
      try validate(toleration)
      return toleration
    }
    if text == "*" { return ["operator": "Exists"] }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let taint = parts.first, parts.count <= 2 else { throw invalid(text) }
    let pair = taint.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let key = pair.first, !key.isEmpty else { throw invalid(text) }
    var toleration: Value = ["key": .string(String(key))]
    toleration["operator"] = pair.count == 2 ? "Equal" : "Exists"
    if pair.count == 2 { toleration["value"] = .string(String(pair[1])) }
    if parts.count == 2 { toleration["effect"] = .string(String(parts[1])) }
    try validate(toleration)
    return toleration
  }

  /// The taint that a toleration is about, as `parse` reads it; nil for one that says more.
  public static func text(of toleration: Value) -> String? {
    guard toleration.fields?.keys.allSatisfy({ ["key", "operator", "value", "effect"].contains($0) }) == true else {
      return nil
    }
    let exists = toleration["operator"]?.string == "Exists"
    let (key, value) = (toleration["key"]?.string ?? "", toleration["value"]?.string)
    guard !key.isEmpty else { return exists && toleration.fields?.count == 1 ? "*" : nil }
    guard exists ? value == nil : value != nil else { return nil }
    let effect = toleration["effect"]?.string ?? ""
    return key + (value.map { "=\($0)" } ?? "") + (effect.isEmpty ? "" : ":\(effect)")
  }

  /// Refuses a toleration that the API server would refuse in a pod.
  static func validate(_ toleration: Value) throws {
    if let key = toleration["key"]?.string { try Rule.labelKey(key, "toleration") }
    try Rule.oneOf(["Equal", "Exists"], toleration["operator"]?.string ?? "Equal", "operator of a toleration")
    if let effect = toleration["effect"]?.string {
      try Rule.oneOf(["NoSchedule", "PreferNoSchedule", "NoExecute"], effect, "effect of a toleration")
    }
    if toleration["key"] == nil, toleration["operator"] != "Exists" {
      throw ProgramError(.usage, "a toleration without a key", hint: "name the taint's key, or set operator: Exists")
    }
  }

  private static func invalid(_ text: String) -> ProgramError {
    Rule.invalid("toleration", text, "it is no taint", hint: "write key=value:NoSchedule, key:NoSchedule, key or *")
  }
}
