import GRPCCore
import StoreClient
import Support

/// What is to change about a volume: the parameters of a VolumeAttributesClass.
struct VolumeModification: Equatable, Sendable {
  private enum Key: String, CaseIterable {
    case quota, onDelete
    /// Nobody can write to a volume with `true`, however it is mounted.
    case readOnly
  }

  /// Each nil to leave it as it is; never that of the request, which nobody remembers.
  var quota: VolumeSettings.Quota?
  var onDelete: VolumeDeletion?
  var isReadOnly: Bool?

  /// - Parameter texts: keys are matched without regard to case.
  /// - Throws: `RPCError` with code `invalidArgument` for what cannot be changed.
  init(_ texts: [String: String]) throws(RPCError) {
    for (text, value) in texts.sorted(by: { $0.key < $1.key }) {
      switch Key.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) {
      case .quota: quota = try Self.quota(value)
      case .onDelete: onDelete = try VolumeSettings.choice(value, Key.onDelete.rawValue)
      case .readOnly: isReadOnly = try Self.boolean(value)
      case nil:
        let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
        throw RPCError(
          code: .invalidArgument, message: "'\(text)' is nothing that can be changed about a volume; what can: \(known)"
        )
      }
    }
  }

  /// Gives these values precedence over those of a StorageClass.
  func apply(to settings: inout VolumeSettings) {
    settings.quota = quota ?? settings.quota
    settings.onDelete = onDelete ?? settings.onDelete
  }

  private static func quota(_ text: String) throws(RPCError) -> VolumeSettings.Quota {
    let quota = try VolumeSettings.quota(text)
    guard quota != .request else {
      throw RPCError(code: .invalidArgument, message: "quota '\(text)' is neither 'none' nor a size such as 4Gi")
    }
    return quota
  }

  private static func boolean(_ text: String) throws(RPCError) -> Bool {
    switch text.lowercased() {
    case "true": return true
    case "false": return false
    default: throw RPCError(code: .invalidArgument, message: "readOnly '\(text)' is not true or false")
    }
  }
}
