import NIOHTTP1

extension HTTPEndpoint {
  /// A whole request.
  public struct Request: Sendable {
    /// `GET`, `POST`, …
    public let method: String
    /// The path without the query.
    public let path: String
    public let body: [UInt8]
    private let headers: HTTPHeaders

    init(_ head: HTTPRequestHead, body: [UInt8]) {
      method = head.method.rawValue
      path = String(head.uri.prefix { $0 != "?" })
      headers = head.headers
      self.body = body
    }

    /// The value of a header, nil when it is missing.
    public func header(_ name: String) -> String? { headers.first(name: name) }

    /// Whether nothing is changed by it.
    public var isRead: Bool { method == "GET" || method == "HEAD" }
  }

  /// What a path answers.
  public struct Answer: Sendable, Equatable {
    public var status: Int
    public var text: String
    /// By default that of metrics (Prometheus exposition format 0.0.4), which is good for any text.
    public var contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// The scheme of a 401 (RFC 9110, section 11.6.1).
    public var challenge: String?

    public init(status: Int = 200, _ text: String) {
      self.status = status
      self.text = text
    }

    public static let ok = Answer("ok\n")

    /// JSON.
    public static func json(_ text: String) -> Answer {
      var answer = Answer(text)
      answer.contentType = "application/json"
      return answer
    }

    /// The answer to anything but GET where that is all there is.
    public static let onlyReads = Answer(status: 405, "only GET is answered here\n")
  }
}
