import Support

/// An error of this client, which knows how to tell a user about itself.
public protocol ClientError: Error, CustomStringConvertible {
  /// The error with a cause and a hint, on one line.
  var asCommandError: CommandError { get }
}

extension ClientError {
  public var description: String { asCommandError.description }
}
