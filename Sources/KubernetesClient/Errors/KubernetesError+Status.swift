import Documents
import Support

extension KubernetesError {
  /// Reads an answer that is no success: a `Status` object, or whatever text a proxy sent.
  init(_ response: HTTPResponse, _ operation: Operation, server: String) {
    let status = (try? Value(json: response.body)).flatMap { $0["kind"]?.string == "Status" ? $0 : nil }
    self.init(
      httpStatus: response.status, status: status,
      text: String(decoding: response.body.prefix(2000), as: UTF8.self), operation, server: server,
      retryAfter: response.head.value("Retry-After").flatMap { RetryAfter.duration($0) },
      redirection: (300..<400).contains(response.status) ? response.head.value("Location") : nil)
  }

  /// Reads a `Status` object that came inside a stream.
  init(_ status: Value, _ operation: Operation, server: String) {
    self.init(
      httpStatus: status["code"]?.int ?? 500, status: status, text: status.json, operation, server: server,
      retryAfter: nil)
  }

  private init(
    httpStatus: Int, status: Value?, text: String, _ operation: Operation, server: String, retryAfter: Duration?,
    redirection: String? = nil
  ) {
    let details = status?["details"]
    let message = status?["message"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    self.init(
      httpStatus: httpStatus, reason: status?["reason"]?.string ?? "",
      message: redirection.map { "\(server) redirects to \(Self.address(of: $0))" } ?? message
        ?? Self.summary(of: text, httpStatus),
      causes: (details?["causes"]?.array ?? []).map {
        Cause(
          field: $0["field"]?.string ?? "", message: $0["message"]?.string ?? "", reason: $0["reason"]?.string ?? "")
      },
      retryAfter: retryAfter ?? details?["retryAfterSeconds"]?.int.flatMap { $0 > 0 ? .seconds($0) : nil },
      operation: operation, server: server, namesObject: details?["name"]?.string?.isEmpty == false)
  }

  /// A redirection's target without its query, which may be secret.
  private static func address(of location: String) -> String { String(location.prefix { $0 != "?" && $0 != "#" }) }

  /// A text for people, from a body that may be a page of HTML.
  private static func summary(of text: String, _ status: Int) -> String {
    let plain = text.trimmingBlanks()
    if plain.isEmpty || plain.hasPrefix("<") { return "HTTP status \(status)" }
    return plain.count > 300 ? "\(plain.prefix(300))…" : plain
  }
}
