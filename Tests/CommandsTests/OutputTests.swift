import KubernetesObjects
import Support
import Testing

@testable import Commands

/// One vocabulary for the output of all commands.
@Suite struct OutputTests {
  private let fields = PrintableFields(["name": "a \"b\"\n\u{1}", "longer": "π\\"])

  private func object(_ kind: String, _ apiVersion: String, namespace: String?) -> KubernetesObject {
    var object = KubernetesObject([
      "apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": ["name": "x", "managedFields": [["a": 1]]],
    ])
    object.namespace = namespace
    return object
  }

  @Test func `a table of fields has its values aligned`() {
    #expect(OutputFormat.table.text(PrintableFields(["a": "1", "long": "2"])) == "a     1\nlong  2\n")
  }

  @Test func `fields for programs can be read again`() throws {
    let expected: Value = ["name": "a \"b\"\n\u{1}", "longer": "π\\"]
    #expect(try Value(json: OutputFormat.json.text(fields)) == expected)
    #expect(try Value(yaml: OutputFormat.yaml.text(fields)) == expected)
    #expect(OutputFormat.name.text(fields) == "name\nlonger\n")
  }

  @Test func `objects are printed without managed fields, and named as kubectl does`() throws {
    let objects = PrintableObjects([
      object("Deployment", "apps/v1", namespace: "n"), object("Namespace", "v1", namespace: nil),
    ])
    #expect(OutputFormat.name.text(objects) == "deployment.apps/x\nnamespace/x\n")
    #expect(
      OutputFormat.table.text(objects)
        == "KIND        NAMESPACE  NAME\nDeployment  n          x\nNamespace   -          x\n")
    for format in [OutputFormat.json, .yaml] {
      #expect(!format.text(objects).contains("managedFields"))
    }
    #expect(try Value(json: OutputFormat.json.text(objects))["items"]?.array?.count == 2)
    #expect(try Value.documents(yaml: Array(OutputFormat.yaml.text(objects).utf8)).count == 2)
  }

  @Test func `a table may be called a text, as before`() {
    #expect(OutputFormat(argument: "text") == .table)
    #expect(OutputFormat.allCases.map(\.rawValue) == ["table", "json", "yaml", "name"])
  }
}
