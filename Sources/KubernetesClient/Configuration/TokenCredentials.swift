import Support
import Synchronization

/// A bearer token in a file that something else keeps fresh, as the kubelet does for service accounts.
final class TokenFileCredentials: CredentialSource {
  private let path: String
  private let fallback: String?
  private let certificate: ClientCertificate?
  private let owner: String
  private let sources: ConfigurationSources
  private let lastToken = Mutex<String?>(nil)

  /// - Parameters:
  ///   - path: the file, read for each request.
  ///   - fallback: the token of a user who has one besides the file, for when the file cannot be read.
  ///   - owner: whose token it is, for messages.
  init(
    path: String, fallback: String? = nil, certificate: ClientCertificate? = nil, owner: String,
    sources: ConfigurationSources
  ) {
    self.path = path
    self.fallback = fallback
    self.certificate = certificate
    self.owner = owner
    self.sources = sources
  }

  func current() async throws -> Credentials {
    let token = try token()
    lastToken.withLock { $0 = token }
    guard let authorization = BearerToken.authorization(token) else {
      throw ProgramError(.failed, "no token for \(owner)", cause: "\(path) holds blanks inside the token")
    }
    return Credentials(authorization: authorization, certificate: certificate)
  }

  func refresh() async -> Bool {
    guard let token = try? token() else { return false }
    return lastToken.withLock { $0 != token }
  }

  /// The token of now.
  func token() throws(ProgramError) -> String {
    let text: String?
    do throws(ProgramError) {
      text = try sources.readFile(path)?.trimmingBlanks()
    } catch {
      guard let fallback else { throw error }
      return fallback
    }
    if let text, !text.isEmpty { return text }
    if let fallback { return fallback }
    throw ProgramError(
      .failed, "no token for \(owner)", cause: "\(path) \(text == nil ? "does not exist" : "is empty")")
  }
}

/// Credentials that never change.
public struct FixedCredentials: CredentialSource {
  private let credentials: Credentials

  public init(_ credentials: Credentials = Credentials()) { self.credentials = credentials }

  /// The credentials.
  ///
  /// - Throws: nothing.
  public func current() async throws -> Credentials { credentials }
  public func refresh() async -> Bool { false }
}

/// Tokens as they go into the `Authorization` header.
enum BearerToken {
  /// The value of the header; nil for a token with blanks or control characters, which would break the request.
  static func authorization(_ token: String) -> String? {
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    return "Bearer \(token)"
  }
}
