import StoreProtocol

/// Ids that nobody has: clients can move blobs to ids of their choice, and give members whole under such.
extension Store {
  func freshBlobID(in session: Session) -> ObjectID {
    while true {
      let id = ids.blobID(now: now)
      if session.blobs[id] == nil { return id }
    }
  }

  func freshObjectID(in session: Session) -> ObjectID {
    while true {
      let id = ids.objectID(now: now)
      if !session.metadata.contains(id) { return id }
    }
  }
}
