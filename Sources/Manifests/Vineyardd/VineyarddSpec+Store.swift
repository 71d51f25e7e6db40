import Documents
import Support

extension VineyarddSpec {
  /// `spec.vineyard`.
  public struct Store: Sendable, Equatable {
    public var image = ImageOptions.vineyardctl
    public var imagePullPolicy = "IfNotPresent"
    /// Whether persisted objects are mirrored as custom resources.
    public var syncCRDs = true
    /// Directory of the socket on the node, with `{{.Namespace}}` and `{{.Name}}` for the cluster's.
    public var socket = "/var/run/vineyard-kubernetes/{{.Namespace}}/{{.Name}}"
    /// Memory for objects in the grammar of `ByteSize`; empty means as much as the container may use.
    public var size = ""
    /// Whether all of it is taken at start.
    public var reserveMemory = false
    /// Percent of the memory that streams may fill.
    public var streamThreshold = 80
    /// The fate of an object outside of volumes whose name is given to another: `delete` or `keep`; nil leaves it to
    /// the store.
    public var overwrite: String?
    /// Memory of deleted objects outside of volumes that clients still map: `keep` or `reuse`; nil leaves it to the
    /// store.
    public var deletedMemory: String?
    /// Where metadata lives: `etcd` or `local`, which is the memory of each store; nil means as deployed, and etcd in a
    /// new cluster.
    public var metadata: String?
    /// Whether stores read from each other over TLS, as `VineyarddSpec.PeerTLS`; nil means as deployed, and `require` in a
    /// new cluster.
    public var peerTLS: String?
    /// More environment variables.
    public var env: [EnvironmentVariable] = []
    /// Memory request and limit as a quantity; nil derives them from the size.
    public var memory: String?
    /// The memory where neither `memory` nor a size is given; never part of a resource.
    public var assumedMemory: String?
    /// CPU request and limit as a quantity.
    public var cpu: String?
    public var spill = Spill()

    public init() {}
  }
}

extension VineyarddSpec {
  /// The fields of the store, `spec.vineyard`.
  static let storeFields: [Field<VineyarddSpec>] = [
    Field(
      "vineyard.image", \.store.image, .image("image"), "Image of the store.",
      flag: FieldFlag("vineyardd.image", "image", "Image of the stores; default: --image.", showsDefault: false),
      otherFlags: ["image"]),
    Field(
      "vineyard.imagePullPolicy", \.store.imagePullPolicy, .pullPolicy("image"), "When nodes pull the image.",
      flag: FieldFlag("vineyardd.imagePullPolicy", "policy", "When nodes pull it.", showsDefault: false),
      otherFlags: ["imagePullPolicy"]),
    Field(
      "vineyard.syncCRDs", \.store.syncCRDs, .boolean(), "Whether persisted objects are mirrored as custom resources.",
      flag: FieldFlag("vineyardd.syncCRDs", "No effect yet: mirror persisted objects as custom resources.")),
    Field(
      "vineyard.socket", \.store.socket, .text(1...512),
      "Directory of the socket on the node; {{.Namespace}} and {{.Name}} stand for the cluster's.",
      flag: FieldFlag("vineyardd.socket", "directory", "Directory of the socket on the node.")),
    Field(
      "vineyard.size", \.store.size, .storeSize,
      "Memory for objects per store, such as 4Gi (powers of 1024); empty means as much as the container may use.",
      flag: FieldFlag(
        "vineyardd.size", "size", "Memory for objects, such as 4Gi; default: as much as the container may use."),
      argument: "size"),
    Field(
      "vineyard.reserveMemory", \.store.reserveMemory, .boolean(), "Whether all of that memory is taken at start.",
      flag: FieldFlag("vineyardd.reserve_memory", "Allocate all of that memory at start."),
      argument: "reserve_memory"),
    Field(
      "vineyard.streamThreshold", \.store.streamThreshold, .integer(0...100, "stream threshold", bits: 64),
      "Percent of the memory that streams may fill.",
      flag: FieldFlag("vineyardd.streamThreshold", "percent", "Percent of that memory that streams may fill."),
      argument: "stream_threshold"),
    Field(
      "vineyard.overwrite", \.store.overwrite, .overwritePolicy,
      "What becomes of an object outside of volumes when its name is given to another; keep by default.",
      flag: FieldFlag(
        "vineyardd.overwrite", "keep|delete",
        "What becomes of an object outside of volumes when its name is given to another: it stays as with the original "
          + "(keep, the default) or goes (delete)."),
      argument: "overwrite"),
    Field(
      "vineyard.deletedMemory", \.store.deletedMemory, .deletedMemoryPolicy,
      "Whether memory of deleted objects outside of volumes that clients still map is theirs (keep), or used again when "
        + "there is no other (reuse); reuse by default.",
      flag: FieldFlag(
        "vineyardd.deleted_memory", "reuse|keep",
        "Memory of deleted objects outside of volumes that clients still map: used again when there is no other (reuse, "
          + "the default), or theirs (keep)."),
      argument: "deleted_memory"),
    Field(
      "vineyard.meta", \.store.metadata, .metadataPlace,
      "Where metadata lives: in the cluster's etcd, so that every store sees the objects of all, or in the memory of each "
        + "store (local); without it as deployed, and in etcd when the cluster is new.",
      flag: FieldFlag(
        "meta", "etcd|local",
        "Where metadata lives: in the cluster's etcd, so that every store sees the objects of all, or in the memory of "
          + "each store (local); default: as deployed, etcd in a new cluster.", showsDefault: false)),
    Field(
      "vineyard.peerTLS", \.store.peerTLS, .peerTLS,
      "Whether stores read from each other over TLS: only so (require), where both can (offer), or never (off); without it "
        + "as deployed, and require when the cluster is new.",
      flag: FieldFlag(
        "vineyardd.peer_tls", "require|offer|off",
        "Whether stores read from each other over TLS: only so (require), where both can (offer), or never (off); "
          + "default: as deployed, require in a new cluster.", showsDefault: false)),
    Field(
      "vineyard.env", \.store.env, .environment, "More environment variables.",
      flag: FieldFlag(
        "vineyardd.envs", "name=value", "Environment variables; repeatable, or separated by commas.")),
    Field(
      "vineyard.memory", \.store.memory, .quantity(0...32, "memory"),
      "Memory request and limit of a store; without it they follow from the size.",
      flag: FieldFlag(
        "vineyardd.memory", "quantity", "Memory request and limit; default: derived from the size.")),
    Field(
      "vineyard.cpu", \.store.cpu, .quantity(0...32, "cpu"),
      "CPU request and limit of a store; without it 100m are requested and nothing limits it.",
      flag: FieldFlag("vineyardd.cpu", "quantity", "CPU request and limit.")),
  ]

  /// The fields of `spec.vineyard.spill`.
  static let spillFields: [Field<VineyarddSpec>] = [
    Field(
      "vineyard.spill.name", \.store.spill.name, .text(0...63, omitsEmpty: true),
      "Name of the volume and of the PersistentVolume and claim made for it; empty means no spilling.",
      flag: FieldFlag("vineyardd.spill.config", "name", "No effect yet: name of the volume to spill to.")),
    Field(
      "vineyard.spill.path", \.store.spill.path, .text(0...512, omitsEmpty: true), "Where the volume is mounted.",
      flag: FieldFlag("vineyardd.spill.path", "directory", "No effect yet: where it is mounted.")),
    Field(
      "vineyard.spill.spillLowerRate", \.store.spill.spillLowerRate, .text(0...16),
      "Share of the memory at which spilling ends.", schema: ["pattern": ratePattern],
      flag: FieldFlag(
        "vineyardd.spill.spillLowerRate", "rate", "No effect yet: share of the memory at which spilling ends.")),
    Field(
      "vineyard.spill.spillUpperRate", \.store.spill.spillUpperRate, .text(0...16),
      "Share of the memory at which spilling begins.", schema: ["pattern": ratePattern],
      flag: FieldFlag(
        "vineyardd.spill.spillUpperRate", "rate", "No effect yet: share of the memory at which spilling begins.")),
    Field(
      "vineyard.spill.persistentVolumeSpec", \.store.spill.persistentVolumeSpec, .object,
      "PersistentVolumeSpec of the volume to make.",
      flag: FieldFlag(
        spillVolumesFlag, "text", "No effect yet: JSON or YAML with the keys pv-spec and pvc-spec.")
    ).assigning { value, spec in if !value.text.isEmpty { try spec.store.spill.readVolumes(value.text) } },
    Field(
      "vineyard.spill.persistentVolumeClaimSpec", \.store.spill.persistentVolumeClaimSpec, .object,
      "PersistentVolumeClaimSpec of the claim to make; without it an emptyDir on the node is used.",
      otherFlags: [spillVolumesFlag]),
  ]

  /// The flag that sets two fields at once.
  private static let spillVolumesFlag = "vineyardd.spill.pv-pvc-spec"

  private static let ratePattern: Value = #"^(0(\.[0-9]+)?|1(\.0+)?)$"#
}

extension VineyarddSpec {
  /// An environment variable with a value, or with a source of it.
  public struct EnvironmentVariable: Sendable, Equatable {
    public var name: String
    public var value: String?
    /// An `EnvVarSource`.
    public var valueFrom: Value?

    public init(name: String, value: String?, valueFrom: Value? = nil) {
      self.name = name
      self.value = value
      self.valueFrom = valueFrom
    }

    /// Reads `NAME=VALUE`; the value may have more of `=`.
    ///
    /// - Throws: `ProgramError` with code `usage` without a name, a `=` or a value.
    public init(flag text: String) throws {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw ProgramError(.usage, "invalid environment variable '\(text)'", hint: "write NAME=VALUE")
      }
      self.init(name: String(parts[0]), value: String(parts[1]))
    }
  }

  /// `spec.vineyard.spill`.
  public struct Spill: Sendable, Equatable {
    /// Name of the volume, the PersistentVolume and the claim; empty means no spilling.
    public var name = ""
    /// Path at which the volume is mounted.
    public var path = ""
    /// Share of the memory at which spilling ends, 0 to 1.
    public var spillLowerRate = "0.3"
    /// Share of the memory at which spilling begins, 0 to 1.
    public var spillUpperRate = "0.8"
    /// A `PersistentVolumeSpec`; nil makes no volume.
    public var persistentVolumeSpec: Value?
    /// A `PersistentVolumeClaimSpec`; nil makes no claim and spills to the node's disk.
    public var persistentVolumeClaimSpec: Value?

    public init() {}

    /// Reads JSON or YAML with the keys `pv-spec` and `pvc-spec`.
    ///
    /// - Throws: `ProgramError` with code `usage`.
    public mutating func readVolumes(_ text: String) throws {
      let tree: Value
      do { tree = try Value(yaml: text) } catch {
        throw ProgramError(.usage, "cannot read the spill volume's specs", cause: "\(error)", hint: Self.hint)
      }
      guard tree.fields?.isEmpty == false else {
        throw ProgramError(.usage, "the spill volume's specs are no object", hint: Self.hint)
      }
      let volumes = try SpillVolumes(tree, "spill volume")
      (persistentVolumeSpec, persistentVolumeClaimSpec) = (volumes.volume, volumes.claim)
    }

    private static let hint = "write an object with the keys pv-spec and pvc-spec in JSON or YAML"
  }
}

/// The specifications of a volume to spill to, as the one flag takes them.
private struct SpillVolumes: FieldTable {
  var volume: Value?
  var claim: Value?

  static let fields: [Field<SpillVolumes>] = [
    Field("pv-spec", \.volume, .object), Field("pvc-spec", \.claim, .object),
  ]
}

extension FieldFormat where Content == String {
  /// The size of a store.
  fileprivate static var storeSize: Self {
    .text(0...32).parsing { value, flag in
      let size = value.text
      guard !size.isEmpty, !size.hasPrefix("-") else { return size }
      guard try ByteSize.parse(size)?.bytes ?? 0 >= VineyarddSpec.Store.smallestSize else {
        throw ProgramError(
          .usage, "\(flag) \(size) is too little for a store",
          hint: "give 1Mi or more with its unit, such as 4Gi, or leave it out")
      }
      return size
    }
  }
}

extension FieldFormat where Content == String? {
  /// The use of TLS between stores.
  fileprivate static var peerTLS: Self {
    let words = VineyarddSpec.PeerTLS.allCases.map(\.rawValue)
    var format = optionalText(nil) { use in
      guard !words.contains(use) else { return }
      throw ProgramError(.usage, "invalid use of TLS between stores '\(use)'", hint: "give require, offer or off")
    }
    format.schema["enum"] = Value(words)
    return format
  }

  /// Where metadata lives.
  fileprivate static var metadataPlace: Self {
    let words = ["etcd", "local"]
    var format = optionalText(nil) { place in
      guard !words.contains(place) else { return }
      throw ProgramError(
        .usage, "invalid place of metadata '\(place)'",
        cause: place == "redis" ? "metadata cannot live in Redis" : nil, hint: "give etcd or local")
    }
    format.schema["enum"] = Value(words)
    return format
  }
}

extension FieldFormat where Content == [VineyarddSpec.EnvironmentVariable] {
  fileprivate static var environment: Self {
    .list(
      keys: ["name"], schema: ["maxItems": 256], omitsEmpty: true,
      text: { variable in
        variable.value.flatMap { $0.isEmpty ? nil : "\(variable.name)=\($0)" }
      }, element: { try VineyarddSpec.EnvironmentVariable(flag: $0) })
  }
}

extension VineyarddSpec.EnvironmentVariable: FieldTable {
  public static let fields: [Field<Self>] = [
    Field(
      "name", \.name, .text(1...256, hasDefault: false) { try Rule.environmentName($0) }),
    Field("value", \.value, .optionalText(nil)),
    Field("valueFrom", \.valueFrom, .object),
  ]

  /// A variable without a name, which is no variable yet.
  public init() { self.init(name: "", value: nil) }
}
