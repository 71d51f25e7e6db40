import StoreProtocol
import Support

/// Reads parts of the blobs of one object, a bounded amount in all.
final class BlobReader {
  /// Bytes that one look takes from a store.
  private static let budget = 4 << 20

  private let connection: StoreConnection
  private let sizes: [ObjectID: UInt64]
  private var left = BlobReader.budget

  /// - Throws: `ProgramError` when the store does not tell the sizes of blobs.
  init(_ connection: StoreConnection, _ object: StoredObject) throws(ProgramError) {
    self.connection = connection
    let blobs = try connection.objects(object.blobIDs.sorted())
    sizes = Dictionary(blobs.map { ($0.id, $0.length) }, uniquingKeysWith: { first, _ in first })
  }

  /// Bytes of a blob that is a member; fewer where it ends earlier.
  ///
  /// - Returns: nil when the blob is not in this store.
  /// - Throws: `ProgramError` when too much is asked for.
  func bytes(_ owner: StoredObject, _ key: String, _ range: Range<UInt64>) throws(ProgramError) -> [UInt8]? {
    guard let blob = owner.member(key) else { return nil }
    return try bytes(blob.id, range)
  }

  func bytes(_ blob: ObjectID, _ range: Range<UInt64>) throws(ProgramError) -> [UInt8]? {
    if blob == .emptyBlob { return [] }
    guard let size = sizes[blob] else { return nil }
    let count = range.clamped(to: 0..<size).count
    guard count <= left else {
      throw ProgramError(.failed, "that is more than a look at values reads", hint: "ask for fewer with --head")
    }
    left -= count
    return try connection.bytes(of: blob, size: size, range)
  }
}
