import CCurl
import Glibc
import Support

/// A failed exchange, before it is known which operation it belongs to.
struct TransportFailure: Error, Equatable {
  let kind: TransportError.Kind
  /// The text of the layer below.
  let detail: String
  /// Whether a page of HTML came instead of an answer.
  var isPage = false
  /// Whether the beginning of an HTTP answer came, as it does from a server of the right scheme.
  var hasAnswered = true

  init(_ kind: TransportError.Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }
}

extension TransportFailure {
  /// Reads libcurl's report of a failed exchange.
  init(_ code: CURLcode, _ handle: EasyHandle) {
    let kind = Self.kind(code, handle)
    if case .unreachable(.noAnswer) = kind, let limit = handle.settings.connectLimit {
      self.init(kind, "\(TimeSpan(nanoseconds: Int64(limit.milliseconds) * 1_000_000))")
    } else {
      self.init(kind, handle.text(of: code))
    }
    hasAnswered = handle.number(CURLINFO_RESPONSE_CODE) != 0
  }

  private static func kind(_ code: CURLcode, _ handle: EasyHandle) -> TransportError.Kind {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: return .unreachable(.unknownHost)
    case CURLE_COULDNT_CONNECT:
      if isAboutProxy(handle.text(of: code), url: handle.url) { return .unreachable(.proxy) }
      return .unreachable(CInt(handle.number(CURLINFO_OS_ERRNO)) == ECONNREFUSED ? .refused : .noRoute)
    case CURLE_PROXY, CURLE_COULDNT_RESOLVE_PROXY: return .unreachable(.proxy)
    case CURLE_OPERATION_TIMEDOUT:
      // libcurl counts the time to a connection only once there is one.
      return handle.microseconds(CURLINFO_PRETRANSFER_TIME_T) == 0
        ? .unreachable(.noAnswer(unfinishedPart(handle, handle.text(of: code)))) : .timeout
    case CURLE_PEER_FAILED_VERIFICATION:
      return .tls(certificateProblem(handle.number(CURLINFO_SSL_VERIFYRESULT), handle.text(of: code)))
    case CURLE_SSL_CERTPROBLEM: return .tls(.clientCertificate)
    case CURLE_SSL_CACERT_BADFILE: return .tls(.authorityUnreadable)
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
      return .tls(handshakeProblem(handle.text(of: code)))
    case CURLE_RECV_ERROR where handle.text(of: code).contains("CONNECT tunnel failed"): return .unreachable(.proxy)
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR:
      // With TLS 1.3 a server refuses the client's certificate after the handshake.
      return handle.text(of: code).contains("alert") ? .tls(handshakeProblem(handle.text(of: code))) : .reset
    // The connection died, and the body must not be sent again.
    case CURLE_SEND_FAIL_REWIND, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_PARTIAL_FILE: return .reset
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: return .malformedAnswer
    default: return .unusable
    }
  }

  /// The part of connecting that took too long.
  private static func unfinishedPart(_ handle: EasyHandle, _ text: String) -> TransportError.ConnectionPart {
    if let proxy = handle.settings.proxy {
      // The first handshake is with a proxy that speaks TLS.
      let isThrough = ProxyChoice.scheme(of: proxy) != "https" || handle.number(CURLINFO_HTTP_CONNECTCODE) == 200
      return handle.hasBegunTLS && isThrough ? .tls : .proxy
    }
    if handle.hasBegunTLS { return .tls }
    return text.hasPrefix("Resolving timed out") ? .nameResolution : .connection
  }

  /// Whether libcurl failed to connect to another host or port than the URL's: then that is a proxy.
  static func isAboutProxy(_ text: String, url: String) -> Bool {
    let words = text.split(separator: " ")
    guard text.hasPrefix("Failed to connect to "), words.count > 6, words[5] == "port" else { return false }
    let (host, port) = (words[4], words[6])
    var authorities = ["\(host):\(port)", "[\(host)]:\(port)"]
    if port == "443" || port == "80" { authorities += ["\(host)", "[\(host)]"] }
    return !authorities.contains { url.contains("://\($0)/") || url.hasSuffix("://\($0)") }
  }

  /// Reads a verification result of OpenSSL (openssl-verify(1)).
  private static func certificateProblem(_ result: Int, _ text: String) -> TransportError.TLSProblem {
    // libcurl compares names itself, after OpenSSL was content.
    if text.contains("subject name") { return .wrongName }
    return switch result {
    case 9: .notYetValid
    case 10: .expired
    case 2, 18, 19, 20, 21: .unknownAuthority
    case 62, 64: .wrongName
    default: .other
    }
  }

  private static func handshakeProblem(_ text: String) -> TransportError.TLSProblem {
    if text.contains("alert") && text.contains("certificate") || text.contains("unknown ca") {
      return .clientCertificate
    }
    if text.contains("wrong version number") || text.contains("packet length") { return .notTLS }
    if text.contains("unexpected eof") || text.contains("SSL_ERROR_SYSCALL") || text.contains("reset by peer") {
      return .closed
    }
    return .other
  }
}
