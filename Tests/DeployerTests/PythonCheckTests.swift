import FoundationEssentials
import Testing

@testable import Deployer

/// Both Python packages whose folder is `vineyard`, in one environment.
@Suite struct PythonCheckTests {
  private let prefix = FileManager.default.temporaryDirectory.appendingPathComponent("python-\(UUID().uuidString)").path

  /// An environment with packages; its variables are given to `body`.
  private func with(
    _ packages: [String], in folder: String = "site-packages", _ body: ([String: String]) -> Void
  ) throws {
    defer { try? FileManager.default.removeItem(atPath: prefix) }
    for package in packages {
      try FileManager.default.createDirectory(
        atPath: "\(prefix)/lib/python3.13/\(folder)/\(package).dist-info", withIntermediateDirectories: true)
    }
    try FileManager.default.createDirectory(atPath: "\(prefix)/bin", withIntermediateDirectories: true)
    let python = "\(prefix)/bin/python3"
    #expect(FileManager.default.createFile(atPath: python, contents: nil, attributes: [.posixPermissions: 0o755]))
    body(["PATH": "/nonexistent:\(prefix)/bin"])
  }

  @Test func `one of them is well`() throws {
    for packages in [["vineyard-0.24.2", "vineyard_bdist-0.24.2"], ["vineyardctl-0.1.0", "numpy-2.0.0"], []] {
      try with(packages) { variables in #expect(PythonCheck.findings { variables[$0] } == []) }
    }
    #expect(PythonCheck.findings { _ in nil } == [])
    #expect(PythonCheck.findings { $0 == "VIRTUAL_ENV" ? "/nonexistent" : "" } == [])
  }

  @Test func `both of them are told with the remedy`() throws {
    for folder in ["site-packages", "dist-packages"] {
      try with(["vineyardctl-0.1.0", "vineyard_bdist-0.24.2", "vineyard-0.24.2"], in: folder) { variables in
        let expected = Finding(
          "Python", .warning,
          "\(prefix)/lib/python3.13/\(folder) has vineyardctl and vineyard, vineyard_bdist, which own the same files",
          hint: "pip uninstall vineyardctl vineyard vineyard_bdist, then install the one you want")
        #expect(PythonCheck.findings { variables[$0] } == [expected])
        let both = variables.merging(["VIRTUAL_ENV": prefix]) { first, _ in first }
        #expect(PythonCheck.findings { both[$0] } == [expected])
      }
    }
  }
}
