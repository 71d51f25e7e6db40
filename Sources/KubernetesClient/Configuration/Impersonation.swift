/// Whom requests are made as, other than the user who makes them (Kubernetes: user impersonation).
public struct Impersonation: Sendable, Equatable {
  public var user: String
  public var uid: String?
  public var groups: [String] = []
  /// Further facts about the user, by name; a name may come several times.
  public var extra: [Extra] = []

  /// One fact about a user.
  public struct Extra: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(user: String) { self.user = user }

  /// The headers that ask for it.
  var headers: [HTTPHeader] {
    [HTTPHeader("Impersonate-User", user)] + groups.map { HTTPHeader("Impersonate-Group", $0) }
      + (uid.map { [HTTPHeader("Impersonate-Uid", $0)] } ?? [])
      + extra.map { HTTPHeader("Impersonate-Extra-\($0.name.urlEscaped)", $0.value) }
  }
}
