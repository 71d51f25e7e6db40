import Support

extension HTTPEndpoint {
  /// Produces an answer and hands it to the closure, on any thread.
  public typealias Route = @Sendable (@escaping @Sendable (Answer) -> Void) -> Void

  /// Answers GET and HEAD of fixed paths on a port of all addresses.
  ///
  /// - Parameters:
  ///   - port: 0 for a free one.
  ///   - routes: what each path answers.
  ///   - flag: the flag that chose the port, for the hint of an error.
  /// - Throws: `CommandError` when the port cannot be had.
  public convenience init(port: UInt16, routes: [String: Route], flag: String) throws(CommandError) {
    try self.init(ListenAddress(port: Int(port)), for: flag, handler: Self.handler(routes))
  }

  /// Answers GET and HEAD of fixed paths.
  public static func handler(_ routes: [String: Route]) -> Handler {
    { request, answer in
      guard request.isRead else { return answer(.onlyReads) }
      guard let route = routes[request.path] else {
        return answer(Answer(status: 404, "try \(routes.keys.sorted().joined(separator: ", "))\n"))
      }
      route(answer)
    }
  }
}
