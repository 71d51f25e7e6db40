import GRPCCore
import Support

/// What can be changed about a volume: the parameters of a VolumeAttributesClass.
struct VolumeModification: Equatable, Sendable {
  /// Nobody can write to a volume with `readOnly` `true`, whoever has mounted it how.
  private static let readOnly = "readOnly"

  /// Nil to leave it as it is.
  let isReadOnly: Bool?

  /// - Parameter texts: keys are matched without regard to case.
  /// - Throws: `RPCError` with code `invalidArgument` for what cannot be changed.
  init(_ texts: [String: String]) throws(RPCError) {
    var isReadOnly: Bool?
    for (key, value) in texts.sorted(by: { $0.key < $1.key }) {
      guard key.lowercased() == Self.readOnly.lowercased() else {
        throw RPCError(
          code: .invalidArgument, message: "'\(key)' is nothing that can be changed; what can: \(Self.readOnly)")
      }
      switch value.lowercased() {
      case "true": isReadOnly = true
      case "false": isReadOnly = false
      default: throw RPCError(code: .invalidArgument, message: "\(Self.readOnly) '\(value)' is not true or false")
      }
    }
    self.isReadOnly = isReadOnly
  }
}
