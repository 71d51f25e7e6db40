import GRPCCore
import KubernetesObjects
import StoreClient
import StoreProtocol
import Support

/// Parameters of a volume: those of a StorageClass, the attributes of an inline volume, or the context of a persistent
/// one.
struct VolumeParameters: Equatable, Sendable {
  /// The keys of StorageClass parameters, volume attributes and the volume context.
  enum Key: String, CaseIterable {
    case clusterNamespace = "k8s.v6d.io/vineyard/namespace"
    case clusterName = "k8s.v6d.io/vineyard/name"
    case scope
    case onDelete
    /// `request`, `none` or a quantity; in a volume context bytes or `none`.
    case quota
    /// `delete` or `keep`: the fate of an object whose name is given to another.
    case overwrite
    /// `keep` or `reuse`: the fate of memory of deleted objects that clients were given.
    case deletedMemory
    /// `cluster` or `node`: where the volume can be used.
    case locality
    /// `true` or `false`: whether a node begins to fetch what was written last when the volume is published there.
    case prefetch

    /// Keys that Kubernetes and its sidecars add begin so.
    static let kubernetesPrefixes = ["csi.storage.k8s.io/", "storage.kubernetes.io/"]
    static let ephemeral = "csi.storage.k8s.io/ephemeral"
    /// The original's CreateVolume put the volume's id in the context.
    static let originalVolumeID = "volume_id"
  }

  /// The limit of a volume's bytes.
  enum Quota: Equatable, Sendable {
    /// The size that the claim requests.
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
  var overwrite: OverwritePolicy?
  /// Nil for what the scope has.
  var deletedMemory: DeletedMemoryPolicy?
  /// Nil for what the stores can do.
  var locality: VolumeLocality?
  /// Whether publishing the volume on a node has the store there fetch what others have written last.
  var isPrefetched = false
  var isEphemeral: Bool
  /// Facts that Kubernetes adds about the claim and the pod.
  var attributes: [String: String]

  /// Reads parameters or a context.
  ///
  /// - Parameters:
  ///   - texts: keys are matched without regard to case.
  ///   - defaultScope: the scope when none is given.
  /// - Throws: `RPCError` with code `invalidArgument` for what is missing, unknown or malformed.
  init(_ texts: [String: String], defaultScope: VolumeScope = .volume) throws(RPCError) {
    var values: [Key: String] = [:]
    var attributes: [String: String] = [:]
    for (key, value) in texts {
      if let parameter = Key.allCases.first(where: { $0.rawValue.lowercased() == key.lowercased() }) {
        values[parameter] = value
      } else if Key.kubernetesPrefixes.contains(where: key.hasPrefix) {
        attributes[key] = value
      } else if key != Key.originalVolumeID {
        throw Self.unknown(key)
      }
    }
    cluster = try Self.cluster(values)
    scope = try Self.choice(values, .scope) ?? defaultScope
    onDelete = try Self.choice(values, .onDelete) ?? (scope == .volume ? .delete : .retain)
    quota = try Self.quota(values[.quota])
    overwrite = try Self.choice(values, .overwrite)
    deletedMemory = try Self.choice(values, .deletedMemory)
    locality = try Self.choice(values, .locality)
    isPrefetched = try values[.prefetch].map { (text) throws(RPCError) in try Self.boolean(text, .prefetch) } ?? false
    isEphemeral = attributes[Key.ephemeral] == "true"
    guard !isEphemeral || locality != .cluster else {
      throw RPCError(
        code: .invalidArgument,
        message: "locality 'cluster' is not for inline volumes, which are on the node of their pod")
    }
    guard !isPrefetched || !isEphemeral && locality != .node else {
      throw RPCError(
        code: .invalidArgument,
        message: "prefetch 'true' is for volumes that are on every node: there is nothing to fetch for one that is on "
          + "the node of its pod (hint: leave it out)")
    }
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

  /// The context of a volume made with these parameters.
  func context(limit: UInt64?) -> [String: String] {
    var context = attributes
    context[Key.clusterNamespace.rawValue] = cluster.namespace
    context[Key.clusterName.rawValue] = cluster.name
    context[Key.scope.rawValue] = scope.rawValue
    context[Key.onDelete.rawValue] = onDelete.rawValue
    context[Key.quota.rawValue] = limit.map(String.init) ?? "none"
    context[Key.overwrite.rawValue] = overwrite?.rawValue
    context[Key.deletedMemory.rawValue] = deletedMemory?.rawValue
    // Contexts of volumes on one node are as they were before there were others.
    context[Key.locality.rawValue] = locality == .cluster ? VolumeLocality.cluster.rawValue : nil
    context[Key.prefetch.rawValue] = isPrefetched && locality == .cluster ? "true" : nil
    return context
  }
}

extension VolumeParameters {
  private static func cluster(_ values: [Key: String]) throws(RPCError) -> ClusterName {
    func required(_ parameter: Key) throws(RPCError) -> String {
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
    _ values: [Key: String], _ parameter: Key
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

  private static func boolean(_ text: String, _ parameter: Key) throws(RPCError) -> Bool {
    switch text.lowercased() {
    case "true": return true
    case "", "false": return false
    default:
      throw RPCError(code: .invalidArgument, message: "\(parameter.rawValue) '\(text)' is not true or false")
    }
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
    let known = Key.allCases.map(\.rawValue)
    let hint =
      nearest(to: key, in: known).map { ", did you mean '\($0)'?" } ?? "; known: \(known.joined(separator: ", "))"
    return RPCError(code: .invalidArgument, message: "unknown parameter '\(key)'\(hint)")
  }
}

extension VolumeParameters {
  /// Reads the parameters that a node gets: the context of a persistent one, the attributes of an inline one.
  ///
  /// A context without `scope` of a volume whose id doesn't tell its cluster is the original's: its volumes share all
  /// names, have no limit, and leave behind what was written.
  ///
  /// - Throws: `RPCError` with code `invalidArgument` for what is missing, unknown, malformed or against the id.
  init(context: [String: String], handle: VolumeHandle) throws(RPCError) {
    var texts = context
    if let cluster = handle.cluster {
      // Kubernetes keeps the context; others may know the id only.
      if texts[Key.clusterNamespace.rawValue] == nil, texts[Key.clusterName.rawValue] == nil {
        texts[Key.clusterNamespace.rawValue] = cluster.namespace
        texts[Key.clusterName.rawValue] = cluster.name
      }
    }
    let isOriginal =
      handle.cluster == nil && context[Key.ephemeral] != "true"
      && !context.keys.contains { $0.lowercased() == Key.scope.rawValue }
    try self.init(texts, defaultScope: isOriginal ? .cluster : .volume)
    if let cluster = handle.cluster, cluster != self.cluster {
      throw RPCError(
        code: .invalidArgument, message: "volume '\(handle)' is in cluster \(cluster), its context says \(self.cluster)"
      )
    }
    if isOriginal { quota = .none }
  }

  /// The settings with which a store opens the volume when it doesn't have it.
  func settings(_ name: String) -> VolumeSettings {
    var settings = VolumeSettings(id: name)
    settings.scope = scope
    settings.onDelete = onDelete
    settings.isEphemeral = isEphemeral
    settings.quota = limit(requested: 0) ?? 0
    settings.attributes = lastingAttributes
    settings.overwrite = overwrite
    settings.deletedMemory = deletedMemory
    settings.locality = locality ?? .node
    if isPrefetched { settings.attributes[CreateVolumeParameters.prefetchAttribute] = "true" }
    return settings
  }

  /// The attributes that hold for as long as the volume does, none of them secret: of the claim, or of the only pod.
  private var lastingAttributes: [String: String] {
    attributes.filter { key, _ in
      if key.hasPrefix("csi.storage.k8s.io/serviceAccount.") { return false }
      return isEphemeral || !key.hasPrefix("csi.storage.k8s.io/pod.") && key != Key.ephemeral
    }
  }
}
