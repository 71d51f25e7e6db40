import Analysis
import Support

/// Texts to analyze.
enum Samples {
  /// An analyzer whose nodes have 16Gi.
  static let analyzer: Analyzer = {
    var analyzer = Analyzer()
    analyzer.facts.nodeMemory = 16 << 30
    return analyzer
  }()

  static func analyze(_ texts: String...) -> Analysis {
    analyzer.analyze(texts.enumerated().map { AnalyzedFile(name: "\($0.offset).yaml", text: $0.element) })
  }

  /// A file beside the tests.
  static func file(_ name: String) throws -> String { try TextFile.read("\(folder)/Files/\(name)") }

  /// A file of the repository.
  static func repositoryFile(_ name: String) throws -> String { try TextFile.read("\(folder)/../../\(name)") }

  private static let folder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/")

  /// What stands in front of a code on the line where it is to be found.
  static let mark = "# found: "

  /// Lines and codes that a text announces.
  static func marks(in text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      line.firstRange(of: mark).map { "\(index + 1): \(line[$0.upperBound...])" }
    }
  }

  /// The examples of the repository that are read.
  static let examples = [
    "kubeflow/argo-container-set", "kubeflow/argo-workflow", "kubeflow/hera-workflow",
    "kubeflow/pipeline-kfp-v2-with-vineyard", "kubeflow/pipeline-kfp-v2-workspace", "kubeflow/pipeline-kfp-v2",
    "kubeflow/pipeline-with-vineyard", "kubeflow/pipeline", "kubeflow/prepare-data", "kubeflow/rbac",
    "kubernetes/handover", "kubernetes/inline", "kubernetes/pipeline", "kubernetes/storageclass", "kubernetes/store",
  ].map { "examples/\($0).yaml" }
}
