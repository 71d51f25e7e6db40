import StoreCore
import StoreProtocol

/// Blobs that were just created, and the pages they need: few ranges, however many blobs there are.
struct NewBlobs {
  private(set) var ids: [ObjectID] = []
  /// Whole blocks, in the order in which the blobs were created; neighbouring ones are put together.
  private(set) var ranges: [ByteRange] = []

  init(_ payloads: some Sequence<BlobPayload> = []) {
    for payload in payloads { add(payload) }
  }

  mutating func add(_ payload: BlobPayload) {
    guard payload.size > 0 else { return }
    ids.append(payload.id)
    let block = Residency.blockSize
    let start = payload.offset / block * block
    let end = min((payload.offset + payload.size + block - 1) / block * block, max(payload.mappingLength, start))
    if let last = ranges.last, last.offset <= start, start <= last.end {
      ranges[ranges.count - 1] = ByteRange(offset: last.offset, length: max(last.end, end) - last.offset)
    } else {
      ranges.append(ByteRange(offset: start, length: end - start))
    }
  }

  /// Bytes of the blocks.
  var size: UInt64 { ranges.reduce(0) { $0 + $1.length } }
}
