/// A failed exchange, before it is known which operation it belongs to.
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
