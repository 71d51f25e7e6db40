import CSIProtocol
import GRPCCore
import Support

/// How large a volume is to be, in bytes.
struct RequestedSize: Equatable, Sendable {
  /// At least so large; 0 when that doesn't matter.
  let required: UInt64
  /// At most so large, nil when that doesn't matter.
  let limit: UInt64?

  static let any = RequestedSize(required: 0, limit: nil)

  /// - Throws: `RPCError` with code `invalidArgument` for a range that holds no size.
  init(_ range: Csi_V1_CapacityRange) throws(RPCError) {
    guard let required = UInt64(exactly: range.requiredBytes), let limit = UInt64(exactly: range.limitBytes) else {
      throw RPCError(code: .invalidArgument, message: "capacity_range has a negative size")
    }
    guard limit == 0 || required <= limit else {
      throw RPCError(
        code: .invalidArgument, message: "capacity_range requires \(required) bytes and limits them to \(limit)")
    }
    self.init(required: required, limit: limit == 0 ? nil : limit)
  }

  init(required: UInt64, limit: UInt64?) {
    self.required = required
    self.limit = limit
  }

  /// Whether a volume of so many bytes is what is requested; nil stands for one without a limit of its own.
  func admits(_ quota: UInt64?) -> Bool {
    guard let quota else { return limit == nil }
    return quota >= required && quota <= limit ?? .max
  }

  /// The limit of a new volume, nil for none.
  ///
  /// - Throws: `RPCError` with code `outOfRange` when the parameters don't let it have the size.
  func quota(_ settings: VolumeSettings) throws(RPCError) -> UInt64? {
    switch settings.quota {
    case .request:
      // Whoever limits a volume has counted, however little it is.
      guard let limit else { return settings.limit(requested: required) }
      return required > 0 ? required : limit
    case .none:
      guard let limit else { return nil }
      throw RPCError(
        code: .outOfRange, message: "the volume may have \(limit) bytes at most, and parameter quota is 'none'")
    case .bytes(let bytes):
      if admits(bytes) { return bytes }
      let wish = bytes < required ? "\(required) bytes are required" : "\(limit ?? 0) bytes are the limit"
      throw RPCError(code: .outOfRange, message: "\(wish), and parameter quota gives every volume \(bytes)")
    }
  }
}
