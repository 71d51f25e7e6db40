import StoreProtocol

/// Objects and names that others lost sight of, and that this store tells of again.
extension Store {
  /// Whether an object that is there for everybody is this store's to tell of: its blobs are here, or it is a global
  /// one that was made here.
  public func isOwn(_ id: ObjectID, in session: Session) -> Bool {
    guard let record = session.metadata[id], !record.isTransient else { return false }
    return record.instance == instances.local || record.isGlobal && ids.isOwn(id)
  }

  /// Hands some of this store's own objects out to be written again, as they are now, with their labels and names.
  ///
  /// What is handed out cannot be refused: whoever writes it tries again.
  /// - Parameters:
  ///   - first: the object to begin with.
  ///   - limit: objects that are looked at.
  /// - Returns: the object to go on with; nil at the end.
  public func publishAgain(from first: ObjectID, limit: Int, in session: Session) -> ObjectID? {
    var looked = 0
    var request: UInt64 = 0
    var next: ObjectID?
    for (id, record) in session.metadata.records.entries(from: first) {
      guard looked < limit else {
        next = id
        break
      }
      looked += 1
      guard isOwn(id, in: session) else { continue }
      if request == 0 { request = log.open(isRefusable: false) }
      log.add(WrittenChange(.put(id, record), .nothing, in: session), to: request)
      if let label = record.labels.first(where: { _ in true }) {
        let change = MetadataChange.label(id, key: label.key.text, value: label.value)
        log.add(WrittenChange(change, .nothing, in: session), to: request)
      }
      for name in session.names.names(of: id) {
        log.add(WrittenChange(.name(name, id), .nothing, in: session), to: request)
      }
    }
    if request != 0, let set = log.close(request) { outbox.add(.write(set)) }
    return next
  }
}
