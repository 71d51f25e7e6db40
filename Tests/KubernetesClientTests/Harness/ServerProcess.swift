import CLinux
import Glibc
import Testing

/// `python -m apiserver` as a child, which ends when this process does, however it ends.
final class ServerProcess: Sendable {
  /// The line it printed when it was ready.
  let announcement: [UInt8]
  private let process: pid_t
  /// The child ends when this end of its standard input is closed.
  private let lifeline: CInt

  static let repository: String = {
    let parts = #filePath.split(separator: "/").dropLast(4)
    return "/" + parts.joined(separator: "/")
  }()

  /// Starts it, and returns when it listens.
  init(_ arguments: [String]) throws {
    let python = getenv("VINEYARD_PYTHON").map { String(cString: $0) } ?? "\(Self.repository)/.venv/bin/python"
    try #require(
      access(python, X_OK) == 0, "no Python at \(python): scripts/test makes it, or VINEYARD_PYTHON names another")
    var (input, output): ([CInt], [CInt]) = ([0, 0], [0, 0])
    try #require(Self.pipe(&input) && Self.pipe(&output))
    defer {
      close(input[0])
      close(output[0])
    }
    process = try Self.spawn([python, "-B", "-m", "apiserver", "--with-parent"] + arguments, input[0], output[1])
    close(output[1])
    lifeline = input[1]
    announcement = Self.line(output[0])
    try #require(!announcement.isEmpty, "the double did not start; its words are on standard error")
  }

  deinit {
    close(lifeline)
    waitpid(process, nil, 0)
  }

  /// Both ends are closed in children, so that a second double does not keep the first one alive.
  private static func pipe(_ ends: inout [CInt]) -> Bool {
    var (reading, writing): (CInt, CInt) = (0, 0)
    defer { ends = [reading, writing] }
    return clinux_pipe(&reading, &writing) == 0
  }

  private static func spawn(_ words: [String], _ input: CInt, _ output: CInt) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = [
      strdup("PYTHONPATH=\(repository)/Tests/kubernetes"), strdup("PATH=/usr/bin:/bin"), nil,
    ]
    defer { for text in arguments + variables { free(text) } }
    var process = pid_t()
    try #require(posix_spawn(&process, words[0], &actions, nil, &arguments, &variables) == 0)
    return process
  }

  private static func line(_ descriptor: CInt) -> [UInt8] {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
    return line
  }
}
