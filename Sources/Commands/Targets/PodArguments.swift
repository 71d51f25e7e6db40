import ArgumentParser
import KubernetesObjects
import Manifests
import Support

/// The flags for the pods of the stores.
struct PodArguments: ParsableArguments {
  @Option(
    name: .customLong("vineyardd.volume.pvcname"),
    help: ArgumentHelp("PersistentVolumeClaim for the socket instead of a directory on the node.", valueName: "name"))
  var claim = ""

  @Option(
    name: .customLong("vineyardd.volume.mountPath"),
    help: ArgumentHelp("Where the claim is mounted.", valueName: "directory"))
  var mountPath = ""

  @Option(
    name: .customLong("securityContext"),
    help: ArgumentHelp("Security context of the container, as JSON.", valueName: "object"))
  var securityContext: String?

  @Option(help: ArgumentHelp("More volumes, as a JSON array.", valueName: "array"))
  var volume: String?

  @Option(
    name: .customLong("volumeMount"), help: ArgumentHelp("More mounts, as a JSON array.", valueName: "array"))
  var volumeMount: String?

  func apply(to spec: inout VineyarddSpec) throws {
    spec.volume.pvcName = claim
    spec.volume.mountPath = mountPath
    spec.securityContext = try securityContext?.nonEmpty.map { try Self.tree($0, "--securityContext") }
    if let fields = spec.securityContext, fields.fields == nil { throw Self.refusal("--securityContext", "an object") }
    spec.volumes = try Self.array(volume, "--volume")
    spec.volumeMounts = try Self.array(volumeMount, "--volumeMount")
  }

  private static func array(_ text: String?, _ flag: String) throws -> [Value] {
    guard let text = text?.nonEmpty else { return [] }
    guard let elements = try tree(text, flag).array else { throw refusal(flag, "an array") }
    return elements
  }

  private static func tree(_ text: String, _ flag: String) throws -> Value {
    do {
      return try Value(yaml: text)
    } catch {
      throw CommandError(.usage, "cannot read \(flag)", cause: "\(error)", hint: "write JSON or YAML")
    }
  }

  private static func refusal(_ flag: String, _ kind: String) -> CommandError {
    CommandError(.usage, "\(flag) is not \(kind)", hint: "write \(kind) in JSON or YAML")
  }
}
