import KubernetesClient
import Support

/// The end of a command that failed: the error that its user reads, and the status with which the process ends.
struct CommandError: Error, Equatable, Sendable {
  let status: ExitStatus
  let error: ProgramError

  init(_ status: ExitStatus, _ error: ProgramError) {
    self.status = status
    self.error = error
  }

  /// The end by an error of the program, with the status of its kind.
  init(_ error: ProgramError) {
    self.init(ExitStatus(error.code), error)
  }

  /// The error as the user reads it; nil for errors of the argument parser.
  init?(told error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case let error as ProgramError: self.init(error)
    case let error as any ClientError: self.init(error.asProgramError)
    default: return nil
    }
  }
}

extension ExitStatus {
  fileprivate init(_ code: ProgramError.Code) {
    self =
      switch code {
      case .failed: .failed
      case .usage: .usage
      case .notReady: .notReady
      case .notFound: .notFound
      }
  }
}
