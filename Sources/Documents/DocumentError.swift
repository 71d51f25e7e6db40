/// A text that is not the YAML or JSON it should be: the reason and the place.
public struct DocumentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The mistake, in lower case and without a full stop.
  public let reason: String
  /// Line and column, both from 1; nil when the text as a whole is meant.
  public let position: Position?

  /// A place in a text.
  public struct Position: Equatable, Sendable {
    public let line: Int
    public let column: Int
  }

  init(_ reason: String, _ position: Position? = nil) {
    self.reason = reason
    self.position = position
  }

  public var description: String {
    guard let position else { return reason }
    return "line \(position.line), column \(position.column): \(reason)"
  }
}
