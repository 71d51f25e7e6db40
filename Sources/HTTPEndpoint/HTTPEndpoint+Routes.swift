import Support

/// GET and HEAD of fixed paths.
extension HTTPEndpoint {
  /// Produces an answer and hands it to the closure, on any thread.
  public typealias Route = @Sendable (@escaping @Sendable (Answer) -> Void) -> Void

  /// Listens on a port of all IPv4 addresses.
  ///
  /// - Parameters:
  ///   - port: 0 for a free one.
  ///   - routes: what each path answers.
  ///   - flag: the flag that chose the port, for the hint of an error.
  /// - Throws: `CommandError` when the port cannot be had.
  public convenience init(port: UInt16, routes: [String: Route], flag: String) throws(CommandError) {
    try self.init(ListenAddress(host: "0.0.0.0", port: Int(port)), flag: flag, handler: Self.handler(routes))
  }

  /// Answers by path.
  public static func handler(_ routes: [String: Route]) -> Handler {
    let paths = routes.keys.sorted().joined(separator: ", ")
    return { request, answer in
      guard request.isRead else { return answer(.onlyReads) }
      guard let route = routes[request.path] else { return answer(Answer(status: 404, "try \(paths)\n")) }
      route(answer)
    }
  }
}
