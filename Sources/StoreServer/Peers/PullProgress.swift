/// Parts of blobs that are still to come, and when to give up.
///
/// Pure: times are monotonic nanoseconds that come in.
struct PullProgress {
  /// A part of a blob.
  struct Piece: Equatable {
    /// Index of the blob.
    let blob: Int
    var bytes: Range<UInt64>
  }

  /// Bytes of a piece that one connection fetches at a time.
  static let pieceLength: UInt64 = 32 << 20
  /// Failures in a row, without a byte in between, after which it is given up.
  private static let mostFailures = 4

  private(set) var pieces: [Piece] = []
  /// Whether the other store sends parts; otherwise a piece is all of a blob.
  private let servesRanges: Bool
  /// Nanoseconds without a byte after which it is given up.
  private let timeout: UInt64
  private var lastArrival: UInt64
  private var failures = 0
  /// Pieces that somebody fetches.
  private var taken = 0
  private(set) var arrived: UInt64 = 0
  private(set) var hasFailed = false

  /// - Parameters:
  ///   - received: bytes of each blob that have come already.
  ///   - sizes: bytes of each blob.
  init(received: [UInt64], of sizes: [UInt64], servesRanges: Bool, timeout: UInt64, now: UInt64) {
    self.servesRanges = servesRanges
    self.timeout = timeout
    lastArrival = now
    for (blob, size) in sizes.enumerated() where received[blob] < size {
      guard servesRanges else {
        pieces.append(Piece(blob: blob, bytes: 0..<size))
        continue
      }
      var start = received[blob]
      while start < size {
        let end = min(size, start + Self.pieceLength)
        pieces.append(Piece(blob: blob, bytes: start..<end))
        start = end
      }
    }
    // The next one is the last.
    pieces.reverse()
  }

  /// Whether all is there.
  var isComplete: Bool { pieces.isEmpty && taken == 0 && !hasFailed }

  /// The next piece to fetch; nil when none is left, or it is given up.
  mutating func take() -> Piece? {
    guard !hasFailed, let piece = pieces.popLast() else { return nil }
    taken += 1
    return piece
  }

  /// Notes that bytes have come.
  mutating func note(_ count: Int, now: UInt64) {
    arrived += UInt64(count)
    lastArrival = now
    failures = 0
  }

  /// Notes that a piece is there.
  mutating func finish() { taken -= 1 }

  /// Notes that a connection broke.
  ///
  /// - Parameters:
  ///   - piece: the piece it was fetching, of which `received` bytes have come.
  ///   - isFinal: whether another attempt makes no sense.
  /// - Returns: nanoseconds to wait before the next attempt; nil when it is given up.
  mutating func fail(_ piece: Piece?, received: UInt64, isFinal: Bool, now: UInt64) -> UInt64? {
    if var piece {
      taken -= 1
      if servesRanges { piece.bytes = piece.bytes.lowerBound + received..<piece.bytes.upperBound }
      pieces.append(piece)
    }
    failures += 1
    if isFinal || failures >= Self.mostFailures || now - min(now, lastArrival) >= timeout { hasFailed = true }
    return hasFailed ? nil : UInt64(50_000_000) << UInt64(failures)
  }

  mutating func giveUp() { hasFailed = true }
}
