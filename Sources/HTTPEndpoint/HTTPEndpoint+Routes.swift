import Support

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
  /// - Throws: `CommandError` when the port cannot be had.
  public convenience init(port: UInt16, routes: [String: Route], flag: String) throws(CommandError) {
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
