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
  static func text(_ name: String, _ value: FlagValueText) -> String {
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

/// The value of a flag, by how its command line form is written.
enum FlagValueText: Equatable {
  case boolean(Bool)
  case single(String)
  /// Elements that commas separate.
  case list([String])
}

extension FlagValueText {
  /// The value of a field of a custom resource; nil where the flag cannot say it.
  init?(_ value: Value, of field: [String]) {
    if let isOn = value.bool {
      self = .boolean(isOn)
      return
    }
    let elements = value.array ?? []
    let texts: [String?]
    switch field.last ?? "" {
    case "tolerations": texts = elements.map { Toleration.text(of: $0) ?? $0.json }
    case "imagePullSecrets": texts = elements.map { $0["name"]?.string }
    case "architectures": texts = elements.map(\.string)
    case "clusters": texts = elements.map(Self.cluster)
    case "env": texts = elements.map(Self.variable)
    case "nodeSelector": texts = value.stringFields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    case "seLinuxOptions":
      guard let context = Self.context(value) else { return nil }
      self = .single(context)
      return
    default:
      self = .single(value.string ?? value.json)
      return
    }
    guard !texts.contains(nil) else { return nil }
    self = .list(texts.compactMap { $0 })
  }

  /// `namespace/name` of a cluster whose volumes are like those of the driver.
  private static func cluster(_ tree: Value) -> String? {
    guard tree.fields?.count == 2, let namespace = tree["namespace"]?.string, let name = tree["name"]?.string else {
      return nil
    }
    return "\(namespace)/\(name)"
  }

  /// `name=value` of a variable that has a value, and not a source of one.
  private static func variable(_ tree: Value) -> String? {
    guard let name = tree["name"]?.string, let value = tree["value"]?.string, !value.isEmpty else { return nil }
    return "\(name)=\(value)"
  }

  /// A type, or a whole context.
  private static func context(_ options: Value) -> String? {
    let parts = ["user", "role", "type", "level"].map { options[$0]?.string }
    if !parts.contains(nil) { return parts.compactMap { $0 }.joined(separator: ":") }
    return options.fields?.count == 1 ? options["type"]?.string : nil
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
