import CLinux
import Glibc
import Testing

/// Runs the executable under test.
enum Executable {
  /// What a finished process left behind.
  struct Run {
    let status: Int32
    let output: String
    let errors: String
  }

  /// From `VINEYARDCTL`, else `vineyardctl` beside the test program, where SwiftPM puts it.
  static let path: String? = {
    if let path = getenv("VINEYARDCTL") { return String(cString: path) }
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let candidate = String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)]) + "/vineyardctl"
    return access(candidate, X_OK) == 0 ? candidate : nil
  }()

  /// Runs it with a name and arguments of the caller's choice; outputs must fit into a pipe (64 KiB).
  ///
  /// - Parameter file: takes its stdout instead of a pipe.
  static func run(_ commandLine: [String], output file: String? = nil) throws -> Run {
    let path = try #require(path)
    // Another test may start a child at any moment, which must not hold these pipes open.
    let (output, errors) = (try closedInChildren(), try closedInChildren())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, output[1], 1)
    posix_spawn_file_actions_adddup2(&actions, errors[1], 2)
    if let file { posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY, 0) }
    var arguments: [UnsafeMutablePointer<CChar>?] = commandLine.map { strdup($0) } + [nil]
    var process = pid_t()
    let result = posix_spawn(&process, path, &actions, nil, &arguments, nil)
    for argument in arguments { free(argument) }
    posix_spawn_file_actions_destroy(&actions)
    close(output[1])
    close(errors[1])
    defer {
      close(output[0])
      close(errors[0])
    }
    try #require(result == 0)
    var status: Int32 = 0
    let texts = (text(output[0]), text(errors[0]))
    waitpid(process, &status, 0)
    return Run(status: (status >> 8) & 0xFF, output: texts.0, errors: texts.1)
  }

  /// A pipe: the end to read from and the end to write to.
  private static func closedInChildren() throws -> [Int32] {
    var (reading, writing): (Int32, Int32) = (-1, -1)
    try #require(clinux_pipe(&reading, &writing) == 0)
    return [reading, writing]
  }

  private static func text(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = read(descriptor, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
  }
}
