import Testing

@testable import StoreServer

@Suite("progress of a fetch")
struct PullProgressTests {
  private let mebibyte: UInt64 = 1 << 20

  private func progress(_ received: [UInt64], of sizes: [UInt64], servesRanges: Bool = true) -> PullProgress {
    PullProgress(received: received, of: sizes, servesRanges: servesRanges, timeout: 1000, now: 0)
  }

  @Test("given all has come with the first answer, then nothing is left")
  func complete() {
    var progress = progress([3, 0], of: [3, 0])
    let piece = progress.take()
    #expect(progress.isComplete && piece == nil)
  }

  @Test("given the rest of a large blob, then it is cut into pieces without gap or overlap, in order")
  func pieces() {
    var progress = progress([4 * mebibyte, 5], of: [100 * mebibyte, 5])
    var position = 4 * mebibyte
    while let piece = progress.take() {
      #expect(piece.blob == 0 && piece.bytes.lowerBound == position && !piece.bytes.isEmpty)
      #expect(UInt64(piece.bytes.count) <= PullProgress.pieceLength)
      position = piece.bytes.upperBound
      #expect(!progress.isComplete)
      progress.finish()
    }
    #expect(position == 100 * mebibyte && progress.isComplete)
  }

  @Test("given a connection that breaks, then the rest of the piece is next; a whole blob where parts cannot be had")
  func resume() throws {
    var parts = progress([0], of: [10])
    let first = parts.take()
    let piece = try #require(first)
    let pause = parts.fail(piece, received: 4, isFinal: false, now: 1)
    let rest = parts.take()
    #expect(pause != nil && rest?.bytes == 4..<10)

    var blobs = progress([4], of: [10], servesRanges: false)
    let whole = blobs.take()
    let blob = try #require(whole)
    #expect(blob.bytes == 0..<10)
    _ = blobs.fail(blob, received: 7, isFinal: false, now: 1)
    let again = blobs.take()
    #expect(again?.bytes == 0..<10)
  }

  @Test("given failures without a byte in between, then the pauses grow and it is given up")
  func givingUp() {
    var progress = progress([0], of: [10])
    var pauses: [UInt64] = []
    while let pause = progress.fail(progress.take(), received: 0, isFinal: false, now: 1) { pauses.append(pause) }
    #expect(pauses.count == 3 && pauses == pauses.sorted())
    let piece = progress.take()
    #expect(progress.hasFailed && !progress.isComplete && piece == nil)
  }

  @Test("given bytes in between, then it goes on; given none for too long or a refusal, it does not")
  func timeout() {
    var moving = progress([0], of: [1000])
    for time in 1...20 {
      moving.note(1, now: UInt64(time) * 900)
      let pause = moving.fail(moving.take(), received: 1, isFinal: false, now: UInt64(time) * 900 + 5)
      #expect(pause != nil)
    }
    let late = moving.fail(moving.take(), received: 0, isFinal: false, now: 20 * 900 + 1000)
    #expect(late == nil)

    var refused = progress([0], of: [10])
    let pause = refused.fail(refused.take(), received: 0, isFinal: true, now: 1)
    #expect(pause == nil)
  }
}
