/// A place in a file: where a finding is shown.
public struct Place: Sendable, Equatable {
  /// Index of the file among those that are analyzed.
  let file: Int
  /// Line and column, both from 1.
  public let line: Int
  public let column: Int
  /// The fields that lead there.
  let path: FieldPath

  /// The same place some lines further down.
  func moved(by lines: Int) -> Place {
    lines == 0 ? self : Place(file: file, line: line + lines, column: 1, path: path)
  }

  public static func == (left: Place, right: Place) -> Bool {
    left.file == right.file && left.line == right.line && left.column == right.column
  }
}

/// The fields and indexes that lead to a value, such as `spec.templates[2].container`.
final class FieldPath: Sendable {
  private enum Step: Sendable {
    case key(String)
    case index(Int)
  }

  private let parent: FieldPath?
  private let step: Step?

  private init(_ parent: FieldPath?, _ step: Step?) {
    self.parent = parent
    self.step = step
  }

  /// The document itself.
  static let root = FieldPath(nil, nil)

  func key(_ key: String) -> FieldPath { FieldPath(self, .key(key)) }
  func index(_ index: Int) -> FieldPath { FieldPath(self, .index(index)) }

  /// The path as text, empty for the document itself.
  var text: String {
    var parts: [String] = []
    var path: FieldPath? = self
    while let here = path {
      switch here.step {
      case .key(let key): parts.append(Self.isPlain(key) ? ".\(key)" : "['\(key)']")
      case .index(let index): parts.append("[\(index)]")
      case nil: break
      }
      path = here.parent
    }
    let text = parts.reversed().joined()
    return text.hasPrefix(".") ? String(text.dropFirst()) : text
  }

  private static func isPlain(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") && $0 > 0x20 }
  }
}
