import Deployer
import Documents
import KubernetesObjects
import Manifests
import OrderedCollections

/// The flags that a workload was deployed with, kept in an annotation of it: it has no custom resource that says them.
enum FlagRecord {
  /// The annotation; its value is a JSON object of lists of texts.
  static let annotation = "k8s.v6d.io/deploy-flags"

  /// Flags that are about one run of the command, or whose value the workload itself shows.
  private static let passing: Set<String> = ["name", "file", "replicas", "operator.replicas"]

  /// The flags of an object, as far as they are declared.
  static func read(_ object: KubernetesObject?, _ declared: DeclaredFlags) -> GivenFlags {
    guard let object else { return GivenFlags() }
    guard let text = object.annotations[annotation], let fields = (try? Value(json: text))?.fields else {
      return guess(object).declared(by: declared)
    }
    var flags = GivenFlags()
    for (name, values) in fields { flags.values[name] = (values.array ?? []).compactMap(\.string) }
    return flags.declared(by: declared)
  }

  /// Writes flags down in an object.
  static func write(_ flags: GivenFlags, into object: inout KubernetesObject) {
    var fields: Value = [:]
    for (name, values) in flags.values.sorted(by: { $0.key < $1.key }) where !passing.contains(name) {
      fields[name] = .array(values.map { .string($0) })
    }
    object.setAnnotation(annotation, fields.json)
  }

  /// Flags that a workload of a release without the annotation shows.
  private static func guess(_ workload: KubernetesObject) -> GivenFlags {
    guard FieldHandover.isApplied(workload) else { return GivenFlags() }
    var flags = GivenFlags()
    let containers = workload.tree["spec", "template", "spec", "containers"]?.array ?? []
    guard let container = containers.first else { return flags }
    if let image = container["image"]?.string, !ImageOptions.isDefaultOfARelease(image) {
      flags.values["image"] = [image]
    }
    if let policy = container["imagePullPolicy"]?.string, policy != "IfNotPresent" {
      flags.values["imagePullPolicy"] = [policy]
    }
    for argument in (container["args"]?.array ?? []).compactMap(\.string) {
      if argument == "--verbose" { flags.values["verbose"] = ["true"] }
      if argument == "--reserve_memory=true" { flags.values["vineyardd.reserve_memory"] = ["true"] }
      if argument.hasPrefix("--size=") { flags.values["vineyardd.size"] = [String(argument.dropFirst(7))] }
    }
    let variables = (container["env"]?.array ?? []).compactMap { variable -> String? in
      guard let name = variable["name"]?.string, let value = variable["value"]?.string, !value.isEmpty,
        !name.hasPrefix("VINEYARDD_")
      else { return nil }
      return "\(name)=\(value)"
    }
    if !variables.isEmpty { flags.values["vineyardd.envs"] = variables }
    return flags
  }
}

/// Flags as a shell takes them, so that a line that tells of them can be typed again.
enum FlagText {
  /// A flag with its values.
  static func text(_ name: String, _ value: FlagValue) -> String {
    switch value {
    case .boolean(let isOn): "--\(name)\(isOn ? "" : "=false")"
    case .single(let text): "--\(name) \(quoted(text))"
    case .list(let elements): "--\(name) \(quoted(ListValue.text(of: elements)))"
    }
  }

  /// A word that a POSIX shell reads as the text.
  static func quoted(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || "-_./:=,@%+".utf8.contains($0) }
    return isPlain ? text : "'\(text.replacing("'", with: #"'\''"#))'"
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

extension GivenFlags {
  /// The flags as people write them, joined by commas; nil without any.
  func text(_ declared: DeclaredFlags) -> String? {
    let parts = values.map { name, values in
      switch declared.flag(named: name)?.kind {
      case .boolean: FlagText.text(name, .boolean(values.last == "true"))
      case .list: FlagText.text(name, .list(values))
      case .single, nil: FlagText.text(name, .single(values.last ?? ""))
      }
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}
