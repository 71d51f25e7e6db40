import Documents
import Glibc
import Support
import Testing

/// Recorded renderings in the folder `Golden` beside this file, one YAML file each.
enum Golden {
  /// Compares objects with their record, or replaces the record when `UPDATE_GOLDEN` is set.
  static func check(
    _ objects: [KubernetesObject], _ name: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let text = Value.yaml(objects.map(\.tree))
    let path = "\(folder)/\(name).yaml"
    if getenv("UPDATE_GOLDEN") != nil {
      let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
      try #require(file >= 0, sourceLocation: location)
      writeText(text, to: file)
      close(file)
    }
    #expect(try TextFile.read(path) == text, "run with UPDATE_GOLDEN=1 to accept", sourceLocation: location)
  }

  private static let folder: String = {
    let file = #filePath
    return String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]) + "/Golden"
  }()
}
