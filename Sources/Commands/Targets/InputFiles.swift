import Synchronization

/// Files that a command reads once, though it plans twice: standard input cannot be read again.
final class InputFiles: Sendable {
  private let texts = Mutex<[String: String]>([:])
  private let readFile: @Sendable (String) throws -> String

  init(_ readFile: @escaping @Sendable (String) throws -> String) { self.readFile = readFile }

  /// The text of a file.
  @Sendable func read(_ path: String) throws -> String {
    if let text = texts.withLock({ $0[path] }) { return text }
    let text = try readFile(path)
    texts.withLock { $0[path] = text }
    return text
  }
}
