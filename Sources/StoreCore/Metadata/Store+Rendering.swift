import JSON
import StoreProtocol

extension Store {
  /// Appends `"o…":{…}` for each of `ids` that exists, separated by commas and without braces around.
  ///
  /// - Returns: how many there were.
  /// - Throws: when the writer takes no more.
  public func render(_ ids: [ObjectID], in session: Session, into writer: ByteWriter) throws(StoreError) -> Int {
    try Rendering(ids, in: session, into: writer).finish(self)
  }

  /// Whether a ``Rendering`` has something to say about an id.
  public func isReadable(_ id: ObjectID, in session: Session) -> Bool {
    id.isBlob ? readableSize(of: id, in: session) != nil : session.metadata.contains(id)
  }

  /// The bytes of a blob that can be described: sealed, or the empty one.
  func readableSize(of id: ObjectID, in session: Session) -> UInt64? {
    if id == .emptyBlob { return 0 }
    guard let blob = session.blobs[id], blob.isSealed else { return nil }
    return blob.size
  }
}
