import GRPCCore
import KubernetesObjects
import StoreClient
import Support

/// What StorageClass parameters, the attributes of an inline volume or the context of a persistent one say.
struct VolumeSettings: Equatable, Sendable {
  /// The limit of a volume's bytes.
  enum Quota: Equatable, Sendable {
    /// What the claim requests.
    case request
    /// None of its own.
    case none
    case bytes(UInt64)
  }

  /// A claim for so little means that its author didn't count: the original ignored the size, and its tutorials
  /// request 1Mi for gigabytes.
  static let uncountedRequest: UInt64 = 1 << 20

  var cluster: ClusterName
  var scope: VolumeScope
  var onDelete: VolumeDeletion
  var quota: Quota
  /// Nil for what the scope has.
  var overwrite: VolumeOverwrite?
  /// Nil for what the scope has.
  var deletedMemory: VolumeDeletedMemory?
  var isEphemeral: Bool
  /// What Kubernetes tells of the claim and the pod.
  var attributes: [String: String]

  /// Reads parameters or a context.
  ///
  /// - Parameters:
  ///   - texts: keys are matched without regard to case.
  ///   - defaultScope: what holds when nothing is said.
  /// - Throws: `RPCError` with code `invalidArgument` for what is missing, unknown or malformed.
  init(_ texts: [String: String], defaultScope: VolumeScope = .volume) throws(RPCError) {
    var values: [VolumeParameter: String] = [:]
    var attributes: [String: String] = [:]
    for (key, value) in texts {
      if let parameter = VolumeParameter.allCases.first(where: { $0.rawValue.lowercased() == key.lowercased() }) {
        values[parameter] = value
      } else if VolumeParameter.kubernetesPrefixes.contains(where: key.hasPrefix) {
        attributes[key] = value
      } else if key != VolumeParameter.originalVolumeID {
        throw Self.unknown(key)
      }
    }
    cluster = try Self.cluster(values)
    scope = try Self.choice(values, .scope) ?? defaultScope
    onDelete = try Self.choice(values, .onDelete) ?? (scope == .volume ? .delete : .retain)
    quota = try Self.quota(values[.quota])
    overwrite = try Self.choice(values, .overwrite)
    deletedMemory = try Self.choice(values, .deletedMemory)
    isEphemeral = attributes[VolumeParameter.ephemeral] == "true"
    self.attributes = attributes
  }

  /// The limit that holds for a claim of `requested` bytes, nil for none.
  func limit(requested: UInt64) -> UInt64? {
    switch quota {
    case .none: nil
    case .bytes(let bytes): bytes
    case .request: requested > Self.uncountedRequest ? requested : nil
    }
  }

  /// The context of a volume made with these settings.
  func context(limit: UInt64?) -> [String: String] {
    var context = attributes
    context[VolumeParameter.clusterNamespace.rawValue] = cluster.namespace
    context[VolumeParameter.clusterName.rawValue] = cluster.name
    context[VolumeParameter.scope.rawValue] = scope.rawValue
    context[VolumeParameter.onDelete.rawValue] = onDelete.rawValue
    context[VolumeParameter.quota.rawValue] = limit.map(String.init) ?? "none"
    context[VolumeParameter.overwrite.rawValue] = overwrite?.rawValue
    context[VolumeParameter.deletedMemory.rawValue] = deletedMemory?.rawValue
    return context
  }
}

extension VolumeSettings {
  private static func cluster(_ values: [VolumeParameter: String]) throws(RPCError) -> ClusterName {
    func required(_ parameter: VolumeParameter) throws(RPCError) -> String {
      if let value = values[parameter], !value.isEmpty { return value }
      throw RPCError(code: .invalidArgument, message: "\(parameter.rawValue) is missing")
    }
    let (namespace, name) = (try required(.clusterNamespace), try required(.clusterName))
    guard let cluster = ClusterName(namespace: namespace, name: name) else {
      throw RPCError(
        code: .invalidArgument,
        message: "'\(namespace)' and '\(name)' must be DNS-1123 labels: they name a Vineyardd and its namespace")
    }
    return cluster
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ values: [VolumeParameter: String], _ parameter: VolumeParameter
  ) throws(RPCError) -> Choice? {
    guard let text = values[parameter], !text.isEmpty else { return nil }
    return try choice(text, parameter.rawValue)
  }

  static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ text: String, _ parameter: String
  ) throws(RPCError) -> Choice {
    if let choice = Choice(rawValue: text.lowercased()) { return choice }
    let choices = Choice.allCases.map(\.rawValue).joined(separator: " or ")
    throw RPCError(code: .invalidArgument, message: "\(parameter) '\(text)' is not \(choices)")
  }

  static func quota(_ text: String?) throws(RPCError) -> Quota {
    switch text?.lowercased() {
    case nil, "", "request": return .request
    case "none": return .none
    default: break
    }
    guard let text, let bytes = Quantity(text)?.bytes, bytes > 0 else {
      throw RPCError(
        code: .invalidArgument, message: "quota '\(text ?? "")' is not 'request', 'none' or a size such as 4Gi")
    }
    return .bytes(bytes)
  }

  private static func unknown(_ key: String) -> RPCError {
    let known = VolumeParameter.allCases.map(\.rawValue)
    let hint =
      nearest(to: key, in: known).map { ", did you mean '\($0)'?" } ?? "; known: \(known.joined(separator: ", "))"
    return RPCError(code: .invalidArgument, message: "unknown parameter '\(key)'\(hint)")
  }
}
