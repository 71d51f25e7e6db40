import Support

/// From when to when a certificate is good, in seconds since 1970, which is as fine as X.509 writes it.
struct Validity: Sendable, Equatable {
  let start: Int64
  /// The last second.
  let end: Int64

  func contains(_ now: Timestamp) -> Bool { (start...max(start, end)).contains(now.seconds) }

  /// Time at which a successor is due: two thirds of the life.
  var renewal: Int64 { start + (end - start) * 2 / 3 }
}

extension Timestamp {
  /// Whole seconds since 1970.
  var seconds: Int64 { milliseconds / 1000 }
}
