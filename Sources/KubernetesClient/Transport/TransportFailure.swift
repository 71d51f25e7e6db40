/// Why an exchange brought no answer, before it is known what the exchange was for.
struct TransportFailure: Error, Equatable {
  let kind: TransportError.Kind
  /// The text of the layer below.
  let detail: String

  init(_ kind: TransportError.Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }
}
