import Glibc

/// Reasons of network libraries, for people.
public enum TransportReason {
  /// What an error says to somebody who does not know the library: the text of its `errno`, or the reason that BoringSSL
  /// tells between its own name and the place in its source; all of it where there is neither.
  public static func text(_ error: any Error) -> String {
    let text = "\(error)"
    if let mark = text.firstRange(of: "(errno: "), let code = Int32(text[mark.upperBound...].prefix(while: \.isNumber))
    {
      return String(cString: strerror(code))
    }
    if let mark = text.firstRange(of: "OPENSSL_internal:") {
      let reason = text[mark.upperBound...].prefix { $0 == "_" || $0.isLetter || $0.isNumber }
      return reason.lowercased().replacing("_", with: " ")
    }
    guard text.contains("handshakeFailed"), let mark = text.firstRange(of: "[Error:") else { return text }
    return String(text[mark.upperBound...].prefix { $0 != "]" }.drop { $0 == " " })
  }
}
