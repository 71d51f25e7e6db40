import StoreProtocol

extension Store {
  /// Deletes a volume, and deletes or keeps its contents as its settings say.
  ///
  /// Its clients stay connected but own nothing any more; the server shows them out.
  /// - Returns: the volume there was, if any.
  @discardableResult
  public func deleteVolume(_ id: String) -> Volume? {
    guard let volume = volumes.removeValue(forKey: id) else { return nil }
    volume.copy?.stop(self)
    outbox.remove(volume)
    if volume.session !== root { forgetChanges(in: volume.session) }
    reclaim(VolumeRemoval(volume, of: clients(of: volume), self))
    return volume
  }

  /// The clients of a volume, in the order in which they came.
  func clients(of volume: Volume) -> [Client] {
    clients.values.filter { $0.volume === volume }.sorted { $0.id < $1.id }
  }

  /// Deletes everything that was written through a volume, and nothing else.
  public func clear(_ volume: Volume, by client: Client? = nil) {
    VolumeClearing(volume, by: client).finish(self)
  }
}

/// Deletes everything that was written through a volume, and nothing else.
public struct VolumeClearing: StoreTask {
  public typealias Failure = Never

  private var session: Clearing?
  private var owned: VolumeContentsRemoval?

  public init(_ volume: Volume, by client: Client?) {
    if volume.settings.scope == .cluster {
      owned = VolumeContentsRemoval(volume, clearsOwner: false, deletes: true, by: client)
    } else {
      session = Clearing(volume.session, by: client)
    }
  }

  public mutating func step(_ store: Store) -> Void? {
    session != nil ? session?.step(store) ?? nil : owned?.step(store) ?? nil
  }
}
