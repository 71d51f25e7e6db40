import CLinux
import Crypto
import Support

/// The hash of a password in one of the forms of Apache's `htpasswd`.
///
/// Source: https://httpd.apache.org/docs/2.4/misc/password_encryptions.html; bcrypt (`$2y$`), SHA-2 (`$5$`, `$6$`) and
/// DES are libcrypt's (crypt(5)).
struct PasswordHash {
  let text: String

  init(_ text: String) { self.text = text }

  func matches(_ password: String) -> Bool {
    guard !password.utf8.contains(0) else { return false }
    let expected: String?
    if text.hasPrefix(Self.apacheMark) {
      let salt = text.dropFirst(Self.apacheMark.count).prefix { $0 != "$" }
      expected = Self.apacheMD5(Array(password.utf8), salt: Array(salt.utf8.prefix(8)))
    } else if text.hasPrefix("{SHA}") {
      expected = "{SHA}" + Base64.encode(Array(Insecure.SHA1.hash(data: Array(password.utf8))))
    } else {
      expected = Self.crypt(password, like: text)
    }
    return expected.map { Self.areEqual(Array($0.utf8), Array(text.utf8)) } ?? false
  }

  /// Takes the same time wherever the texts differ.
  private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func crypt(_ password: String, like hash: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
      guard let base = buffer.baseAddress, clinux_crypt(password, hash, base, buffer.count) == 0 else { return nil }
      return String(cString: base)
    }
  }

  // MARK: - Apache's MD5

  private static let apacheMark = "$apr1$"
  private static let rounds = 1000

  /// MD5 a thousand times over, in the manner of FreeBSD's crypt(3) under a mark of Apache's own.
  private static func apacheMD5(_ password: [UInt8], salt: [UInt8]) -> String {
    var sum = md5(password + salt + password)
    var first = password + Array(apacheMark.utf8) + salt
    for start in stride(from: 0, to: password.count, by: 16) { first += sum.prefix(password.count - start) }
    var length = password.count
    while length > 0 {
      first.append(length & 1 == 1 ? 0 : password[0])
      length >>= 1
    }
    sum = md5(first)
    for round in 0..<rounds {
      var next = round & 1 == 1 ? password : sum
      if round % 3 != 0 { next += salt }
      if round % 7 != 0 { next += password }
      next += round & 1 == 1 ? sum : password
      sum = md5(next)
    }
    return apacheMark + String(decoding: salt, as: UTF8.self) + "$" + letters(of: sum)
  }

  private static func md5(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: bytes)) }

  /// The sixteen bytes in crypt's order and alphabet.
  private static func letters(of sum: [UInt8]) -> String {
    let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    var text = ""
    func append(_ value: Int, _ count: Int) {
      for index in 0..<count { text.append(alphabet[value >> (6 * index) & 63]) }
    }
    for (high, middle, low) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
      append(Int(sum[high]) << 16 | Int(sum[middle]) << 8 | Int(sum[low]), 4)
    }
    append(Int(sum[11]), 2)
    return text
  }
}

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
