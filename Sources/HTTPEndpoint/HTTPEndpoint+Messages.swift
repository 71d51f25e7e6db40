import NIOHTTP1
import Support

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

  /// A response.
  public struct Response: Sendable, Equatable {
    public var status: Int
    public var text: String
    public var contentType: String
    /// The scheme of a 401 (RFC 9110, section 11.6.1).
    public var challenge: String?

    public init(status: Int = 200, _ text: String, contentType: String = plain) {
      self.status = status
      self.text = text
      self.contentType = contentType
    }

    /// The type of a page of metrics (Prometheus exposition format 0.0.4), which is plain text to others.
    public static let plain = "text/plain; version=0.0.4; charset=utf-8"

    /// The type of JSON.
    public static let json = "application/json"

    public static let ok = Response("ok\n")

    /// The response to anything but GET where that is all there is.
    public static let methodNotAllowed = Response(status: 405, "only GET is answered here\n")
  }
}

/// GET and HEAD of fixed paths.
extension HTTPEndpoint {
  /// Produces a response and hands it to the closure, on any thread.
  public typealias Route = @Sendable (@escaping @Sendable (Response) -> Void) -> Void

  /// Listens on a port of all IPv4 addresses.
  ///
  /// - Parameters:
  ///   - port: 0 for a free one.
  ///   - routes: the route of each path.
  ///   - flag: the flag that chose the port, for the hint of an error.
  /// - Throws: `ProgramError` when the port cannot be had.
  public convenience init(port: UInt16, routes: [String: Route], flag: String) throws(ProgramError) {
    try self.init(ListenAddress(host: "0.0.0.0", port: Int(port)), flag: flag, handler: Self.handler(routes))
  }

  /// Handles requests by path.
  public static func handler(_ routes: [String: Route]) -> Handler {
    let paths = routes.keys.sorted().joined(separator: ", ")
    return { request, respond in
      guard request.isRead else { return respond(.methodNotAllowed) }
      guard let route = routes[request.path] else { return respond(Response(status: 404, "try \(paths)\n")) }
      route(respond)
    }
  }
}
