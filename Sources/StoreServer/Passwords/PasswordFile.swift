import Support

/// A file of users and their hashed passwords, as Apache's `htpasswd` makes it: lines `user:hash`, `#` for comments.
///
/// It is read at each check, so that a change counts at once.
struct PasswordFile: Sendable {
  let path: String

  /// Bytes of a name or a password; longer ones are wrong.
  static let longestCredential = 255

  /// Whether the user is in the file with this password.
  ///
  /// It takes the time the hash is made for: milliseconds to seconds, also for users who are not in the file.
  func admits(_ user: String, _ password: String) -> Bool {
    guard let text = try? TextFile.read(path) else { return false }
    let entries = Self.entries(text)
    guard let hash = entries.first(where: { $0.user == user })?.hash else {
      // How long an answer takes does not tell who is in the file.
      if let other = entries.first?.hash { _ = PasswordHash(String(other)).matches(password) }
      return false
    }
    return PasswordHash(String(hash)).matches(password)
  }

  /// Number of users in the file.
  var count: Int { (try? TextFile.read(path)).map { Self.entries($0).count } ?? 0 }

  static func entries(_ text: String) -> [(user: Substring, hash: Substring)] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      guard line.first != "#" else { return nil }
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 2, !fields[0].isEmpty, !fields[1].isEmpty else { return nil }
      return (fields[0], fields[1])
    }
  }
}
