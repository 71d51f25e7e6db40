import Documents
import Support

/// The secret that the stores of a cluster demand before they let a client change volumes over the network.
public struct AdminToken: Sendable, Equatable {
  /// 32 bytes as hexadecimal digits.
  public let text: String

  /// A token made of chance.
  ///
  /// - Parameter generator: must be fit for secrets, except in tests.
  public static func random(using generator: inout some RandomNumberGenerator) -> AdminToken {
    let words = (0..<4).map { _ in generator.next() }
    return AdminToken(text: words.map { Self.hexadecimal($0) }.joined())
  }

  /// A token made of the system's chance.
  public static func random() -> AdminToken {
    var generator = SystemRandomNumberGenerator()
    return random(using: &generator)
  }

  /// The key of the token in its Secret, and the name of its file in the store's container.
  static let key = "token"

  /// The name of a cluster's Secret.
  static func secretName(ofCluster name: String) -> String { "\(name)-admin-token" }

  /// The content of the Secret as `data`, where the API server keeps it.
  var data: Value { [Self.key: .string(Base64.encode(Array(text.utf8)))] }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
