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
  func clients(of volume: Volume) -> [Connection] {
    clients.values.filter { $0.volume === volume }.sorted { $0.id < $1.id }
  }

  /// Deletes everything that was written through a volume, and nothing else.
  public func clear(_ volume: Volume, by connection: Connection? = nil) {
    VolumeClearing(volume, by: connection).finish(self)
  }
}

/// Deletes everything that was written through a volume, and nothing else.
public struct VolumeClearing: StoreTask {
  public typealias Failure = Never

  private var session: Clearing?
  private var belongings: BelongingsRemoval?

  public init(_ volume: Volume, by connection: Connection?) {
    if volume.settings.scope == .cluster {
      belongings = BelongingsRemoval(volume, disownsAll: false, deletes: true, by: connection)
    } else {
      session = Clearing(volume.session, by: connection)
    }
  }

  public mutating func step(_ store: Store) -> Void? {
    session != nil ? session?.step(store) ?? nil : belongings?.step(store) ?? nil
  }
}
