/// Why an exchange brought no answer, before it is known what the exchange was for.
struct TransportFailure: Error, Equatable {
  let kind: TransportError.Kind
  /// The text of the layer below.
  let detail: String
  /// Whether a page of HTML came instead of an answer.
  var isPage = false

  init(_ kind: TransportError.Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }
}
