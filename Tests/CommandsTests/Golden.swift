import GoldenRecords
import Testing

/// Recorded outputs in the folder `Golden` beside this file.
enum Golden {
  /// Compares a text with its record, or replaces the record when `UPDATE_GOLDEN` is set.
  static func check(_ text: String, _ name: String, location: SourceLocation = #_sourceLocation) throws {
    let record = try GoldenRecord.text(of: "\(name).txt", besides: #filePath, accepting: text)
    #expect(record == text, "run with UPDATE_GOLDEN=1 to accept", sourceLocation: location)
  }
}
