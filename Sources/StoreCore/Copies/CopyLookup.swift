import StoreProtocol

/// Finds the blobs that objects have on other stores, and gives a client the copies that are here, which then stay.
public struct CopyLookup: StoreTask {
  public typealias Failure = Never

  private let client: Client
  private var pending: [ObjectID]
  private var seen: Set<ObjectID> = []
  private var missing: [RemoteBlob] = []
  private var asked: Set<RemoteBlob> = []
  /// Why the client gets no copies, since its volume maps too many already.
  public private(set) var refusal: StoreError?
  /// The object whose members are looked at, and the index of the next one.
  private var current: (record: MetadataRecord, next: Int)?

  public init(_ ids: [ObjectID], for client: Client) {
    pending = ids.reversed()
    self.client = client
  }

  /// - Returns: the blobs that have no copy here, in the order of the objects.
  public mutating func step(_ store: Store) -> [RemoteBlob]? {
    let session = client.session
    while true {
      while let (record, next) = current {
        guard next < record.links.count else {
          current = nil
          break
        }
        if store.work.isSpent { return nil }
        store.work.spend(Work.entry)
        current?.next += 1
        look(at: record.links[next], of: session, store)
      }
      guard let id = pending.popLast() else { return missing }
      store.work.spend(Work.entry)
      guard let record = session.metadata[id], store.mayHaveBlobsElsewhere(record, in: session),
        seen.insert(id).inserted
      else { continue }
      current = (record, 0)
    }
  }

  private mutating func look(at link: MemberLink, of session: Session, _ store: Store) {
    switch link.target {
    case .object(let member): pending.append(member)
    case .blob(let id):
      let original = RemoteBlob(instance: link.instance, id: id)
      guard id != .emptyBlob, store.isElsewhere(link.instance) else { return }
      if let volume = client.volume, !store.admitsCopy(of: original, to: client) {
        let size = client.session.remoteCopies[original].flatMap { client.session.blobs[$0]?.charged }
        refusal = store.copiesExceeded(size ?? 0, by: volume)
        return
      }
      if store.grantCopy(of: original, to: client) { return }
      if asked.insert(original).inserted { missing.append(original) }
    case .signature(let signature, _, let fallback):
      if session.volume == nil { break }
      pending.append(session.metadata.resolve(signature: signature, fallback: fallback))
    }
  }
}
