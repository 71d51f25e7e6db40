/// Tokens as they go into the `Authorization` header.
enum BearerToken {
  /// The value of the header; nil for a token with blanks or control characters, which would break the request.
  static func authorization(_ token: String) -> String? {
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    return "Bearer \(token)"
  }
}
