import ArgumentParser
import Documents
import Manifests
import Support

/// The flags that say where pods may run and what they need there.
struct PlacementArguments: ParsableArguments {
  @Option(
    name: .customLong("node-selector"),
    help: ArgumentHelp("Labels of nodes that may run the pods; repeatable, or with commas.", valueName: "key=value"))
  var nodeSelector: [String] = []

  @Option(
    help: ArgumentHelp(
      "Taints that the pods tolerate, as kubectl writes them, or *; repeatable, or with commas.",
      valueName: "key=value:effect"))
  var tolerations: [String] = []

  @Option(
    help: ArgumentHelp(
      "Architectures the image is built for, such as amd64; default: those of all nodes.", valueName: "name"))
  var architectures: [String] = []

  @Option(
    name: .customLong("image-pull-secrets"),
    help: ArgumentHelp("Secrets of the namespace with the credentials for the registry.", valueName: "name"))
  var imagePullSecrets: [String] = []

  @Option(
    name: .customLong("selinux"),
    help: ArgumentHelp(
      "SELinux type (spc_t may use the node's directories) or whole context of the pods that need them.",
      valueName: "type|user:role:type:level"))
  var selinux: String?

  /// What the flags say.
  ///
  /// - Throws: `CommandError` with code `usage`.
  func placement() throws -> PodPlacement {
    var placement = PodPlacement()
    for pair in nodeSelector {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw CommandError(.usage, "invalid node selector '\(pair)'", hint: "write key=value, such as disk=nvme")
      }
      placement.nodeSelector[String(parts[0])] = String(parts[1])
    }
    placement.tolerations = try tolerations.map { try Toleration.parse($0) }
    placement.architectures = architectures
    placement.imagePullSecrets = imagePullSecrets
    placement.seLinuxOptions = try selinux?.nonEmpty.map { try Self.context($0) }
    return placement
  }

  /// Reads a type, or a context as `ls -Z` shows it.
  private static func context(_ text: String) throws -> Value {
    let parts = text.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 1 { return ["type": .string(text)] }
    guard parts.count == 4, !parts.contains("") else {
      throw CommandError(
        .usage, "invalid --selinux '\(text)'", hint: "write a type, such as spc_t, or user:role:type:level")
    }
    return Value(Dictionary(uniqueKeysWithValues: zip(["user", "role", "type", "level"], parts)))
  }
}

extension PodPlacement {
  /// The settings for the operator of a cluster with these: its pods use nothing of their nodes, so that any node that
  /// has the image will do.
  var ofOperator: PodPlacement {
    var placement = self
    placement.nodeSelector = [:]
    placement.seLinuxOptions = nil
    return placement
  }
}
