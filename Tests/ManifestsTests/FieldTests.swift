import Documents
import GoldenRecords
import KubernetesObjects
import Testing

@testable import Manifests

/// The tables of fields, and what follows from them.
@Suite struct FieldTests {
  /// A table without the type of its settings.
  struct Table: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The schema of each field, by its path.
    let schemas: [[String]: Value]
    /// The paths of the fields that declare a flag.
    let flagged: [[String]]
    /// Reads a tree and writes it again.
    let copy: @Sendable (Value) throws -> Value
    /// Writes values of fields as flags, and sets other settings by these flags.
    let copyByFlags: @Sendable (Value) throws -> Value

    init<Settings: FieldTable>(_ type: Settings.Type) {
      testDescription = "\(type)"
      schemas = Dictionary(uniqueKeysWithValues: type.fields.map { ($0.path, $0.schema) })
      flagged = type.fields.filter { $0.flag != nil }.map(\.path)
      copy = { try Settings($0, "spec").tree }
      copyByFlags = { tree in
        var settings = Settings()
        for field in Settings.fields where field.flag != nil {
          guard let value = tree[path: field.path], let flag = field.flagValue(of: value) else { continue }
          try field.set(flag, in: &settings)
        }
        return settings.tree
      }
    }
  }

  static let tables = ResourceKind.all.map { Table($0.spec) } + [Table(PodPlacement.self)]

  /// A value that a schema allows and that is not its default.
  private static func sample(_ schema: Value) -> Value {
    if let words = schema["enum"]?.array { return words.first { $0 != schema["default"] } ?? "" }
    switch schema["type"] {
    case "boolean": return .boolean(schema["default"] != true)
    case "integer": return schema["maximum"] ?? 7
    case "array": return [sample(schema["items"] ?? [:])]
    case "object":
      guard let properties = schema["properties"]?.fields else { return ["a": "b"] }
      return properties.filter { !($0.key.hasSuffix("From")) }.reduce(into: [:]) { $0[$1.key] = sample($1.value) }
    default: return "1Gi"
    }
  }

  @Test(arguments: tables)
  func `given a value for each field, then it is written where it was read`(_ table: Table) throws {
    for (path, schema) in table.schemas {
      var tree: Value = [:]
      tree[path: path] = Self.sample(schema)
      #expect(try table.copy(tree)[path: path] == tree[path: path], "\(path)")
    }
  }

  /// Values for fields that flags cannot set to anything.
  private static let sayable: [[String]: Value?] = [
    ["clusters"]: [["namespace": "a", "name": "b"]],
    ["securityContext"]: ["runAsUser": 7],
    ["tolerations"]: [["key": "gpu", "operator": "Exists"]],
    ["vineyard", "spill", "persistentVolumeSpec"]: Value?.none,
  ]

  @Test(arguments: tables)
  func `given a value for each field, then its flag can say it`(_ table: Table) throws {
    var tree: Value = [:]
    for (path, schema) in table.schemas { tree[path: path] = Self.sample(schema) }
    // What only a resource can say, and what two fields share a flag for.
    for (path, value) in Self.sayable where table.schemas[path] != nil { tree[path: path] = value }
    let copy = try table.copyByFlags(tree)
    for path in table.flagged { #expect(copy[path: path] == tree[path: path], "\(path)") }
  }

  /// The definition is as the table says; its objects, columns and rules between fields are its own.
  @Test(arguments: ResourceKind.all)
  func `a definition has the fields of the table and no others`(_ kind: ResourceKind) throws {
    let text = String(decoding: kind.definition.bytes, as: UTF8.self)
    let comment = text.split(separator: "\n").prefix { $0.hasPrefix("#") }.joined(separator: "\n")
    var tree = try Value(yaml: text)
    var versions = tree["spec", "versions"]?.array ?? []
    var schema = try #require(versions[0]["schema", "openAPIV3Schema", "properties", "spec"])
    let table = Table(kind.spec)
    for path in Self.leaves(schema) where table.schemas[path] == nil { schema[path: Self.keys(path)] = nil }
    for (path, field) in table.schemas.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
    where schema[path: Self.keys(path)] != field {
      schema[path: Self.keys(path)] = field
    }
    versions[0]["schema", "openAPIV3Schema", "properties", "spec"] = schema
    tree["spec", "versions"] = .array(versions)
    let generated = "\(comment)\n\(tree.yaml)"
    let record = try GoldenRecord.text(at: Self.folder + kind.definition.name, accepting: generated)
    #expect(record == generated, "run with UPDATE_GOLDEN=1 to accept")
  }

  private static let folder: String =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/manifests/"

  /// The paths of all fields in a schema; an object whose fields have no row is a field itself.
  private static func leaves(_ schema: Value, _ path: [String] = []) -> [[String]] {
    guard let properties = schema["properties"]?.fields, !tables.contains(where: { $0.schemas[path] != nil }) else {
      return [path]
    }
    return properties.flatMap { leaves($0.value, path + [$0.key]) }
  }

  /// Where the schema of a field is in that of the whole.
  private static func keys(_ path: [String]) -> [String] { path.flatMap { ["properties", $0] } }
}
