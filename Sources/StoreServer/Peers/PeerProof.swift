import Crypto
import JSON

/// What two stores prove to each other on a new connection: that both have the admin token. The token itself is not sent.
///
/// Each side sends a nonce of its own. A proof is the HMAC-SHA256, with the token as the key, of who proves, both nonces,
/// both instance ids and the session: nothing of it holds on another connection, for another store, or the other way round.
struct PeerProof {
  enum Side: String {
    /// The store that connects.
    case caller
    /// The store that answers.
    case owner
  }

  /// Random bytes that are used once.
  struct Nonce: Equatable {
    static let count = 32

    let bytes: [UInt8]

    init() {
      var source = SystemRandomNumberGenerator()
      bytes = (0..<Self.count).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }

    /// - Returns: nil unless the text is as long as ``text`` is and hexadecimal.
    init?(_ text: String) {
      guard let bytes = PeerProof.bytes(text), bytes.count == Self.count else { return nil }
      self.bytes = bytes
    }

    var text: String { PeerProof.text(bytes) }
  }

  let caller: UInt64
  let owner: UInt64
  let callerNonce: Nonce
  let ownerNonce: Nonce

  /// The proof of a side, as text.
  func make(by side: Side, for session: UInt64, _ key: SymmetricKey) -> String {
    Self.text(Array(HMAC<SHA256>.authenticationCode(for: message(side, session), using: key)))
  }

  /// Whether a text is the proof of a side; takes the same time wherever it differs.
  func isValid(_ text: String, of side: Side, for session: UInt64, _ key: SymmetricKey) -> Bool {
    guard let code = Self.bytes(text) else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message(side, session), using: key)
  }

  private func message(_ side: Side, _ session: UInt64) -> [UInt8] {
    var message = Array("vineyard peer proof 1 \(side.rawValue)\n".utf8)
    message += callerNonce.bytes
    message += ownerNonce.bytes
    for number in [caller, owner, session] { message += withUnsafeBytes(of: number.littleEndian) { Array($0) } }
    return message
  }

  private static func text(_ bytes: [UInt8]) -> String {
    let digits = bytes.flatMap { [HexText.digit($0 >> 4), HexText.digit($0 & 0xf)] }
    return String(decoding: digits, as: UTF8.self)
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2), digits.count <= 128 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = HexText.nibble(digits[index]), let low = HexText.nibble(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
