import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesObjects
import Support

/// Form in which a command prints its data: the same words in all of them.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  /// For people.
  case table
  case json, yaml
  /// Names alone, one per line, as kubectl prints and takes them.
  case name

  /// Reads a word of the command line; `text` is how earlier releases called a table.
  init?(argument: String) { self.init(rawValue: argument == "text" ? "table" : argument) }

  /// Data as text for stdout.
  func text(_ data: some PrintableData, _ palette: Palette = .plain) -> String {
    switch self {
    case .table: data.table(palette)
    case .json: data.value.indentedJSON
    case .yaml: data.yaml
    case .name: data.names.map { "\($0)\n" }.joined()
    }
  }
}

/// The flag of commands that print data.
struct OutputArguments: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("How to print.", valueName: "format"))
  var output: OutputFormat = .table
}

/// Data that a command prints to stdout.
protocol PrintableData {
  /// The data for people; ends with a line break.
  func table(_ palette: Palette) -> String
  /// The data for programs.
  var value: Value { get }
  /// The same as YAML.
  var yaml: String { get }
  /// The names of the objects it is about.
  var names: [String] { get }
}

extension PrintableData {
  var yaml: String { value.yaml }
}

/// Objects that are, or would be, in a cluster.
struct PrintableObjects: PrintableData {
  let objects: [KubernetesObject]

  init(_ objects: [KubernetesObject]) { self.objects = objects }

  func table(_ palette: Palette) -> String { PrintableReferences(objects.map(\.reference)).table(palette) }
  var value: Value { ["apiVersion": "v1", "kind": "List", "items": .array(trees)] }
  var yaml: String { Value.yaml(trees) }
  var names: [String] { objects.map(\.reference.kubectlName) }

  /// The objects without their managed fields: nobody reads them, and nobody can apply an object that has them.
  private var trees: [Value] {
    objects.map { object in
      var tree = object.tree
      tree["metadata", "managedFields"] = nil
      return tree
    }
  }
}

/// Objects by their names alone.
struct PrintableReferences: PrintableData {
  let references: [ObjectReference]

  init(_ references: [ObjectReference]) { self.references = references }

  func table(_ palette: Palette) -> String {
    var table = Table("kind", "namespace", "name")
    for reference in references { table.add(reference.type.kind, reference.namespace ?? "", reference.name) }
    return table.text
  }

  var value: Value { .array(references.map(\.value)) }
  var names: [String] { references.map(\.kubectlName) }
}

/// Objects that differ from what is planned.
struct PrintableDifferences: PrintableData {
  let differences: [ObjectDifference]

  init(_ differences: [ObjectDifference]) { self.differences = differences }

  func table(_ palette: Palette) -> String {
    var table = Table("kind", "namespace", "name", "change")
    for difference in differences {
      let reference = difference.reference
      table.add(reference.type.kind, reference.namespace ?? "", reference.name, difference.change)
    }
    return table.text
  }

  var value: Value {
    .array(
      differences.map { difference in
        var value = difference.reference.value
        value["change"] = .string(difference.change)
        value["diff"] = .string(difference.text)
        return value
      })
  }

  var names: [String] { differences.map(\.reference.kubectlName) }
}

extension ObjectDifference {
  /// What deploying would do with the object.
  fileprivate var change: String { isNew ? "create" : "change" }
}

extension ObjectReference {
  /// The reference for programs.
  fileprivate var value: Value {
    var value: Value = [
      "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "name": .string(name),
    ]
    value["namespace"] = namespace.map { .string($0) }
    return value
  }

  /// The name as kubectl prints and takes it: `deployment.apps/vineyardd-sample`.
  var kubectlName: String {
    let kind = type.kind.lowercased()
    return type.group.isEmpty ? "\(kind)/\(name)" : "\(kind).\(type.group)/\(name)"
  }
}

extension InstallationStatus: PrintableData {
  func table(_ palette: Palette) -> String {
    var components = Table("component", "name", "desired", "ready", "updated", "version")
    for component in self.components {
      components.add(
        component.role, "\(component.object.type.kind.lowercased())/\(component.object.name)", "\(component.desired)",
        "\(component.ready)", "\(component.updated)", component.version)
    }
    var pods = Table("pod", "ready", "status", "restarts", "node", "memory")
    for pod in self.pods {
      let memory = pod.memory.map { "\(ByteSize(bytes: $0.used)) of \(ByteSize(bytes: $0.limit))" }
      pods.add(pod.name, pod.readyText, pod.state, "\(pod.restarts)", pod.node, memory ?? "")
    }
    let lines = warnings + hidden.map { "not shown: \($0)" }
    let notes = lines.map { "\(Symbol.warning.text(palette)) \($0.onOneLine)\n" }.joined()
    return components.text + (self.pods.isEmpty ? "" : "\n\(pods.text)") + (notes.isEmpty ? "" : "\n\(notes)")
  }

  var names: [String] { components.map(\.object.kubectlName) + pods.map { "pod/\($0.name)" } }
}

/// The findings of a check.
struct PrintableFindings: PrintableData {
  let findings: [Finding]

  init(_ findings: [Finding]) { self.findings = findings }

  func table(_ palette: Palette) -> String { Finding.text(findings, palette) }
  var value: Value { .array(findings.map(\.value)) }
  /// The headings, each once.
  var names: [String] {
    findings.map(\.group).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
}

/// Named values in a fixed order, the output of commands that describe one thing.
struct PrintableFields: PrintableData {
  private let fields: [(name: String, value: String)]

  /// - Parameter fields: in the order of the output.
  init(_ fields: KeyValuePairs<String, String>) { self.fields = fields.map { (name: $0.key, value: $0.value) } }

  /// The values aligned behind their names.
  func table(_ palette: Palette) -> String {
    let width = fields.map(\.name.count).max() ?? 0
    return fields.map { name, value in
      "\(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
    }.joined()
  }

  var value: Value { fields.reduce(into: [:] as Value) { $0[$1.name] = .string($1.value) } }
  var names: [String] { fields.map(\.name) }
}
