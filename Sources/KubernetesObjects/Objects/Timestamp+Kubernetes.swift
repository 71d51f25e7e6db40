import Support

extension Timestamp {
  /// As Kubernetes writes times: `2026-11-23T15:04:05Z`.
  public var time: String { "\(description.prefix(19))Z" }

  /// As Kubernetes writes times of leases and events, with exactly six digits: `2026-11-23T15:04:05.123000Z`.
  public var microTime: String { "\(description.dropLast())000Z" }
}
