import Coordination
import Glibc
import Subprocess
import SystemPackage

/// One run of a program whose output is wanted.
struct PluginProcess: Sendable {
  /// The end of the process.
  enum End: Sendable {
    case exited(status: Int32, output: [UInt8])
    case killed(signal: Int32)
    case timedOut
    case tooMuchOutput
    /// Failure to start, with an `errno`.
    case notStarted(Int32)
  }

  /// The longest output in bytes.
  static let outputLimit = 1 << 20

  let path: String
  /// The name of the program, then its arguments.
  let arguments: [String]
  /// Variables as `NAME=value`, in the bytes of this process's environment.
  let environment: [[UInt8]]
  /// Whether it gets this process's stdin; otherwise it has none, and is a process group of its own.
  let isInteractive: Bool
  /// Time limit; nil for none.
  let timeLimit: Duration?
  let errorDescriptor: Int32

  /// Starts the program and waits for it; the end of the task kills it.
  ///
  /// - Throws: `CancellationError`.
  func run() async throws -> End {
    // A parent that ignores the ends of its children leaves that to this process, and no status would be left.
    signal(SIGCHLD, SIG_DFL)
    guard let timeLimit else { return try await runToItsEnd() }
    do {
      return try await withTimeout(timeLimit) { try await runToItsEnd() }
    } catch is TimedOut {
      return .timedOut
    }
  }

  private func runToItsEnd() async throws -> End {
    do {
      let end = try await isInteractive ? run(.currentStandardInput) : run(.none)
      try Task.checkCancellation()
      return end
    } catch let error as SubprocessError {
      try Task.checkCancellation()
      return error.code == .outputLimitExceeded
        ? .tooMuchOutput : .notStarted(error.underlyingError?.rawValue ?? EINVAL)
    }
  }

  private func run(_ input: some InputProtocol) async throws -> End {
    let result = try await Subprocess.run(
      configuration, input: input, output: .bytes(limit: Self.outputLimit),
      error: .fileDescriptor(FileDescriptor(rawValue: errorDescriptor), closeAfterSpawningProcess: false))
    switch result.terminationStatus {
    case .exited(let status): return .exited(status: status, output: result.standardOutput)
    case .signaled(let signal): return .killed(signal: signal)
    }
  }

  private var configuration: Configuration {
    var options = PlatformOptions()
    if !isInteractive {
      options.processGroupID = 0
      // Everything it started ends with it.
      options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
    }
    return Configuration(
      executable: .path(FilePath(path)),
      arguments: Arguments(executablePathOverride: arguments.first, remainingValues: Array(arguments.dropFirst())),
      environment: .custom(environment.map { $0 + [0] }), platformOptions: options)
  }
}
