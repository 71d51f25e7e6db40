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

  /// An answer.
  public struct Response: Sendable, Equatable {
    public var status: Int
    public var contentType: String
    public var text: String

    public init(_ status: Int = 200, _ text: String, contentType: String = "text/plain; charset=utf-8") {
      self.status = status
      self.text = text
      self.contentType = contentType
    }

    /// A page of metrics (Prometheus exposition format 0.0.4).
    public static func metrics(_ text: String) -> Response {
      Response(200, text, contentType: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// JSON.
    public static func json(_ text: String) -> Response { Response(200, text, contentType: "application/json") }

    /// The answer to anything but GET where that is all there is.
    public static let onlyReads = Response(405, "only GET is answered here\n")
  }
}
