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
    /// - Throws: `CommandError` with code `usage` without a name, a `=` or a value.
    public init(flag text: String) throws {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw CommandError(.usage, "invalid environment variable '\(text)'", hint: "write NAME=VALUE")
      }
      self.init(name: String(parts[0]), value: String(parts[1]))
    }
  }

  /// `spec.vineyard.spill`.
  public struct Spill: Sendable, Equatable {
    /// Name of the volume, the PersistentVolume and the claim; empty means no spilling.
    public var name = ""
    /// Where the volume is mounted.
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
    /// - Throws: `CommandError` with code `usage`.
    public mutating func readVolumes(_ text: String) throws {
      let tree: Value
      do { tree = try Value(yaml: text) } catch {
        throw CommandError(.usage, "cannot read the spill volume's specs", cause: "\(error)", hint: Self.hint)
      }
      guard tree.fields?.isEmpty == false else {
        throw CommandError(.usage, "the spill volume's specs are no object", hint: Self.hint)
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
