import Analysis
import Documents
import Support
import Testing

/// The forms in which findings are printed.
@Suite struct ReportTests {
  private func analysis(_ name: String = "pipelines/my pipeline.yaml") throws -> Analysis {
    Samples.analyzer.analyze([
      AnalyzedFile(name: "empty.yaml", text: ""), AnalyzedFile(name: name, text: try Samples.file("VY0106.yaml")),
      AnalyzedFile(name: "/tmp/b.yaml", text: try Samples.file("VY0104.yaml")),
    ])
  }

  @Test func `text has a line for each finding, in the order of files and lines`() throws {
    let lines = try analysis().text().split(separator: "\n").map(String.init)
    #expect(
      lines.first
        == "pipelines/my pipeline.yaml:23: error VY0106: claim 'objects' has one name for all runs "
        + "(hint: name it '{{workflow.name}}-objects', or use volumeClaimTemplates)")
    #expect(
      lines.map { $0.prefix { $0 != ":" } } == ["pipelines/my pipeline.yaml", "pipelines/my pipeline.yaml"]
        + Array(repeating: "/tmp/b.yaml", count: 3))
    #expect(try analysis().text(Palette(isOn: true)).firstRange(of: "\u{1B}[31merror\u{1B}[0m VY0106") != nil)
  }

  @Test func `values have each field, and the path that leads there`() throws {
    let first = try #require(try analysis().value[0])
    #expect(
      first.fields.map { Array($0.keys) }
        == ["code", "severity", "file", "line", "column", "message", "hint", "path"])
    #expect(first["code"] == "VY0106" && first["severity"] == "error" && first["line"] == 23)
    #expect(first["path"] == "spec.workflowSpec.templates[1].resource.manifest.metadata.name")
    #expect(first["file"] == "pipelines/my pipeline.yaml")
    let second = try analysis().value[1]
    #expect(second?["path"] == "root.dag.tasks.createpvc.inputs.parameters.pvc_name.runtimeValue.constant")
  }

  /// Fields that the schema of SARIF 2.1.0 requires, by the names of its definitions: `sarifLog` (version, runs), `run`
  /// (tool), `tool` (driver), `toolComponent` (name), `reportingDescriptor` (id), `result` (message), `message` (text or
  /// id); and the limits of what is optional.
  @Test func `SARIF has what its schema requires`() throws {
    let log = try Value(json: try analysis().sarif(version: "1.2.3").indentedJSON)
    #expect(log["version"] == "2.1.0")
    #expect(log["$schema"]?.string?.hasSuffix("sarif-2.1.0.json") == true)
    let runs = try #require(log["runs"]?.array)
    let run = try #require(runs.first)
    #expect(runs.count == 1)
    #expect(run["tool", "driver", "name"] == "vineyardctl" && run["tool", "driver", "version"] == "1.2.3")
    #expect(run["columnKind"] == "unicodeCodePoints")
    let rules = try #require(run["tool", "driver", "rules"]?.array)
    #expect(rules.map { $0["id"]?.string } == RuleID.allCases.map(\.rawValue))
    for rule in rules {
      #expect(rule["shortDescription", "text"]?.string?.hasSuffix(".") == true)
      #expect(rule["help", "text"]?.string?.isEmpty == false)
      #expect(["error", "warning", "note"].contains(rule["defaultConfiguration", "level"]?.string))
    }
    let artifacts = try #require(run["artifacts"]?.array).map { $0["location", "uri"]?.string }
    #expect(artifacts == ["empty.yaml", "pipelines/my%20pipeline.yaml", "file:///tmp/b.yaml"])
    let results = try #require(run["results"]?.array)
    #expect(results.count == 5)
    for result in results {
      let index = try #require(result["ruleIndex"]?.int)
      #expect(rules[index]["id"] == result["ruleId"])
      #expect(rules[index]["defaultConfiguration", "level"] == result["level"])
      #expect(result["message", "text"]?.string?.isEmpty == false)
      let location = try #require(result["locations"]?[0]?["physicalLocation"])
      let artifact = try #require(location["artifactLocation", "index"]?.int)
      #expect(location["artifactLocation", "uri"]?.string == artifacts[artifact])
      #expect((location["region", "startLine"]?.int ?? 0) > 0 && (location["region", "startColumn"]?.int ?? 0) > 0)
    }
  }

  @Test func `codes of the page are those of the rules, with their severities`() throws {
    let page = try Samples.repositoryFile("docs/analyze.md")
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| VY") }.map { row in
      row.split(separator: "|").prefix(2).map { $0.trimmingBlanks() }
    }
    #expect(rows == RuleID.allCases.map { [$0.rawValue, $0.severity.rawValue] })
  }
}
