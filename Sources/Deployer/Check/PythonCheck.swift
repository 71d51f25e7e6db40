import Glibc

/// Looks for both Python packages whose folder is `vineyard` in one environment: each has overwritten files of the other.
public enum PythonCheck {
  /// Names that the released client and its programs have among installed packages.
  private static let released = ["vineyard", "vineyard_bdist"]
  private static let own = "vineyardctl"

  /// A warning for each folder of packages that has both.
  ///
  /// Looked at are the environment that is active, and that of the first `python3` on the path; nothing is run.
  ///
  /// - Parameter environment: value of a variable.
  public static func findings(_ environment: (String) -> String?) -> [Finding] {
    var prefixes: [String] = []
    if let active = environment("VIRTUAL_ENV"), !active.isEmpty { prefixes.append(active) }
    let first = prefixOfPython(on: environment("PATH") ?? "")
    if let first, !prefixes.contains(first) { prefixes.append(first) }
    return prefixes.flatMap(folders).compactMap(finding)
  }

  /// The directory above that of the first `python3`.
  private static func prefixOfPython(on path: String) -> String? {
    guard let directory = path.split(separator: ":").first(where: { access("\($0)/python3", X_OK) == 0 }),
      let end = directory.lastIndex(of: "/")
    else { return nil }
    return String(directory[..<end])
  }

  private static func folders(_ prefix: String) -> [String] {
    names(in: "\(prefix)/lib").filter { $0.hasPrefix("python3") }.sorted().flatMap { version in
      ["site-packages", "dist-packages"].map { "\(prefix)/lib/\(version)/\($0)" }
    }
  }

  private static func finding(_ folder: String) -> Finding? {
    let packages = Set(
      names(in: folder).filter { $0.hasSuffix(".dist-info") }.compactMap {
        $0.split(separator: "-").first.map { $0.lowercased() }
      })
    let others = released.filter(packages.contains)
    guard packages.contains(own), !others.isEmpty else { return nil }
    return Finding(
      "Python", .warning, "\(folder) has \(own) and \(others.joined(separator: ", ")), which own the same files",
      hint: "pip uninstall \(([own] + others).joined(separator: " ")), then install the one you want")
  }

  private static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }
}
