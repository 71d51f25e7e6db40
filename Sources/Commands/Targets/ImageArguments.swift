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

  /// The placement that the flags describe.
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
    guard parts.allSatisfy({ $0.utf8.allSatisfy(isContextCharacter) }) else { throw invalidContext(text) }
    if parts.count == 1 { return ["type": .string(text)] }
    guard parts.count == 4, !parts.contains("") else {
      throw invalidContext(text)
    }
    return Value(Dictionary(uniqueKeysWithValues: zip(["user", "role", "type", "level"], parts)))
  }

  /// Source: the reference policy's names of users, roles and types, and levels such as `s0-s0:c0.c1023,c5`.
  private static func isContextCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_.,:-".utf8.contains(byte)
    }
  }

  private static func invalidContext(_ text: String) -> CommandError {
    CommandError(.usage, "invalid --selinux '\(text)'", hint: "write a type, such as spc_t, or user:role:type:level")
  }
}

/// The flags for images of this program.
struct ImageArguments: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Image of vineyardctl; default: $VINEYARDCTL_IMAGE, then \(ImageOptions.vineyardctl).", valueName: "image"))
  var image: String?

  @Option(name: .customLong("imagePullPolicy"), help: ArgumentHelp("When nodes pull it.", valueName: "policy"))
  var pullPolicy = "IfNotPresent"

  @Option(
    name: .customLong("image-registry"),
    help: ArgumentHelp("Registry that all images come from instead of their own.", valueName: "registry"))
  var registry: String?

  /// The names of these flags.
  static let names: Set = ["image", "imagePullPolicy", "image-registry"]

  /// The image that flags and environment name.
  func options(_ host: HostFacts) -> ImageOptions {
    ImageOptions(
      image: image ?? host.nonEmpty("VINEYARDCTL_IMAGE") ?? ImageOptions.vineyardctl, pullPolicy: pullPolicy,
      registry: registry)
  }
}

extension String {
  /// nil when empty: an empty value of a flag counts as none.
  var nonEmpty: String? { isEmpty ? nil : self }
}
