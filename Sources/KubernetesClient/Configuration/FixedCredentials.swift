/// Credentials that never change.
public struct FixedCredentials: CredentialSource {
  private let credentials: Credentials

  public init(_ credentials: Credentials = Credentials()) { self.credentials = credentials }

  public func current() async throws -> Credentials { credentials }
  public func refresh() async -> Bool { false }
}
