import Documents
import Support

/// A file to analyze.
public struct AnalyzedFile: Sendable {
  /// The name that findings show.
  public let name: String
  let text: String

  public init(name: String, text: String) {
    self.name = name
    self.text = text
  }
}

/// Finds mistakes in pipelines and manifests that use volumes of Vineyard: texts in, findings out.
public struct Analyzer: Sendable {
  /// Classes of Vineyard that are of another form than `NAMESPACE.NAME.csi`.
  public var classes: [String] = []
  /// What a cluster says.
  public var facts = KnownCluster()
  /// Codes that are silenced everywhere.
  public var ignored: Set<String> = []

  public init() {}

  /// Analyzes files together: a claim of one file may be mounted in another.
  public func analyze(_ files: [AnalyzedFile]) -> Analysis {
    var builder = ModelBuilder()
    var analysis = Analysis(files: files.map(\.name))
    builder.configure { model in
      for name in classes { model.classes.add(name) }
      model.nodeMemory = facts.nodeMemory
    }
    let documents = files.enumerated().flatMap { index, file in
      Self.documents(of: file, index, &builder).flatMap { Self.items(of: $0) }
    }
    var reading = Reading()
    reading.read(documents, files.map(\.name), &builder)
    analysis.skipped = reading.skipped
    builder.configure { model in facts.classes.map { model.classes.addCluster($0) } }
    let model = builder.finish()
    let silences = files.map { Silences($0.text) }
    let found = Rule.all.filter { !ignored.contains($0.id.rawValue) }.flatMap { $0.check(model) }
    analysis.findings = Self.sorted(found).filter { !silences[$0.place.file].silence($0) }
    analysis.stepCount = model.runs.reduce(0) { $0 + $1.steps.count }
    analysis.claimCount = model.vineyardClaims.count
    return analysis
  }

  /// The documents of a file, as far as it can be read.
  private static func documents(of file: AnalyzedFile, _ index: Int, _ builder: inout ModelBuilder) -> [Node] {
    let read = LocatedDocuments(yaml: file.text)
    if let error = read.error {
      let place = Place(
        file: index, line: error.position?.line ?? 1, column: error.position?.column ?? 1, path: .root)
      let isTemplate = ["{{-", "{{ .", "{{."].contains { file.text.hasBytes(of: $0) }
      builder.report(
        place, "\(error.reason)",
        hint: isTemplate ? "it looks like a template of Helm: analyze what 'helm template' prints" : nil)
    }
    return read.documents.map { Node($0, Origin(file: index)) }
  }

  /// A document, or those in a List.
  private static func items(of node: Node) -> [Node] {
    guard node["kind"]?.text?.hasSuffix("List") == true, let items = node["items"] else { return [node] }
    return items.elements
  }

  /// Findings by file, line, column and code, each once: a template that is called twice has its mistakes once.
  private static func sorted(_ findings: [Finding]) -> [Finding] {
    func key(_ finding: Finding) -> (Int, Int, Int, String) {
      (finding.place.file, finding.place.line, finding.place.column, finding.code)
    }
    let sorted = findings.enumerated().sorted { left, right in
      let (first, second) = (key(left.element), key(right.element))
      return first == second ? left.offset < right.offset : first < second
    }
    return sorted.map(\.element).reduce(into: []) { kept, finding in
      if let last = kept.last, key(last) == key(finding) { return }
      kept.append(finding)
    }
  }
}

/// The findings about some files.
public struct Analysis: Sendable {
  /// The names of the files.
  public let files: [String]
  /// In the order of files and lines.
  public internal(set) var findings: [Finding] = []
  /// Documents of kinds that are not known: `file:line: kind`.
  public internal(set) var skipped: [String] = []
  /// Number of pods and templates of pods.
  public internal(set) var stepCount = 0
  /// Number of claims and volumes of Vineyard.
  public internal(set) var claimCount = 0

  init(files: [String]) { self.files = files }

  /// The name of a finding's file.
  public func file(of finding: Finding) -> String { files[finding.place.file] }

  /// Number of findings of a severity.
  public func count(_ severity: Severity) -> Int { findings.count { $0.severity == severity } }
}
