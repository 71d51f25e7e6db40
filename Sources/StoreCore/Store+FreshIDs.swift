import StoreProtocol

/// Ids that nobody has: clients can move blobs to ids of their choice, and give members whole under such; stores whose
/// instance ids differ by a multiple of 1024 make the same.
extension Store {
  /// An id that no blob has here, and none that an object of another store has as a member.
  func freshBlobID(in session: Session) -> ObjectID {
    while true {
      let id = ids.blobID(now: now)
      if session.blobs[id] == nil, !session.metadata.hasDependents(id) { return id }
    }
  }

  func freshObjectID(in session: Session) -> ObjectID {
    while true {
      let id = ids.objectID(now: now)
      if !session.metadata.contains(id), !session.metadata.hasDependents(id) { return id }
    }
  }

  func freshSessionID() -> UInt64 {
    while true {
      let id = ids.sessionID(now: now)
      if sessions[id] == nil { return id }
    }
  }
}
