import GoldenRecords
import KubernetesObjects
import Testing

/// Recorded renderings in the folder `Golden` beside this file, one YAML file each.
enum Golden {
  /// Compares objects with their record, or replaces the record when `UPDATE_GOLDEN` is set.
  static func check(
    _ objects: [KubernetesObject], _ name: String, location: SourceLocation = #_sourceLocation
  ) throws {
    let text = Value.yaml(objects.map(\.tree))
    let record = try GoldenRecord.text(of: "\(name).yaml", besides: #filePath, accepting: text)
    #expect(record == text, "run with UPDATE_GOLDEN=1 to accept", sourceLocation: location)
  }
}
