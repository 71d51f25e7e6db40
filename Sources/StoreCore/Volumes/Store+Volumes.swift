import StoreProtocol

extension Store {
  /// The memory that is given out and reserved; time grows with the number of volumes.
  public var capacity: StoreCapacity { capacity(without: nil) }

  /// - Parameter excluded: a volume whose reservation doesn't count.
  private func capacity(without excluded: Volume?) -> StoreCapacity {
    var reserved: UInt64 = 0
    for volume in volumes.values where volume !== excluded && volume.settings.quota > 0 && !volume.isShared {
      let rest = volume.usage.limit - min(volume.usage.limit, volume.usage.used)
      let (sum, overflow) = reserved.addingReportingOverflow(rest)
      reserved = overflow ? .max : sum
    }
    return StoreCapacity(limit: memory.limit, used: memory.used, reserved: reserved)
  }

  public func volume(_ id: String, _ kind: Volume.Kind = .volume) -> Volume? {
    kind == .volume ? volumes[id] : snapshots[id]
  }

  /// The error about a volume that is not there.
  public func unknownVolume(_ id: String, _ kind: Volume.Kind = .volume) -> StoreError {
    StoreError(.objectNotExists, "\(kind.rawValue) '\(id)' does not exist in this store")
  }

  /// - Throws: objectNotExists.
  public func requireVolume(_ id: String, _ kind: Volume.Kind = .volume) throws(StoreError) -> Volume {
    guard let volume = volume(id, kind) else { throw unknownVolume(id, kind) }
    return volume
  }

  /// Opens a volume, or finds the one of that id.
  ///
  /// - Throws: objectExists when the one there is different, notEnoughMemory when its quota is more than there is room
  ///   for or less than its source holds, objectNotExists for an unknown source.
  public func openVolume(_ settings: Volume.Settings) throws(StoreError) -> (volume: Volume, isNew: Bool) {
    if let present = volumes[settings.id] {
      try present.settings.requireAgreement(with: settings)
      return (present, false)
    }
    ensure(settings.locality == .node, "volume '\(settings.id)' is opened without its document")
    let capacity = capacity
    guard settings.quota <= capacity.available else { throw Self.noRoom(settings.id, settings.quota, capacity) }
    let source = try settings.source.map { source throws(StoreError) in try contents(of: source, for: settings) }
    let volume = add(settings, created: now)
    if let source { copyContents(of: source, to: volume) }
    return (volume, true)
  }

  /// Opens a volume as it was before a restart, even beyond the capacity.
  ///
  /// - Parameters:
  ///   - lostContentsAt: when contents were lost last, in unix milliseconds; nil when there never were any.
  ///   - isLossUnrepaired: whether nothing was written since.
  public func reopenVolume(
    _ settings: Volume.Settings, created: UInt64, isFrozen: Bool, lostContentsAt: UInt64?, isLossUnrepaired: Bool
  ) -> Volume {
    let volume = add(settings, created: created)
    volume.isFrozen = isFrozen
    volume.lostContentsAt = lostContentsAt
    volume.hasLostContents = isLossUnrepaired
    return volume
  }

  /// - Parameter session: the number of its session; nil for a new one.
  func add(_ settings: Volume.Settings, session number: UInt64? = nil, created: UInt64) -> Volume {
    let session = settings.scope == .cluster ? root : openSession(.normal, number)
    let volume = Volume(
      settings, kind: .volume, session: session, created: created, deletedMemory: configuration.deletedMemory)
    if settings.scope == .volume {
      session.volume = volume
      memory.expectsTenants = memory.isSeparated
    }
    volumes[settings.id] = volume
    return volume
  }

  private static func noRoom(_ id: String, _ quota: UInt64, _ capacity: StoreCapacity) -> StoreError {
    StoreError(
      .notEnoughMemory,
      "volume '\(id)' cannot have \(quota) bytes: of the \(capacity.limit) of this store \(capacity.used) are in use "
        + "and \(capacity.reserved) are promised to other volumes, which leaves \(capacity.available)")
  }

  /// Changes the quota.
  ///
  /// - Parameter quota: bytes, 0 for as much as the store has.
  /// - Throws: objectNotExists; notEnoughMemory for less than is used or more than there is room for.
  public func resizeVolume(_ id: String, quota: UInt64) throws(StoreError) -> Volume {
    let volume = try requireVolume(id)
    guard quota == 0 || quota >= volume.usage.used else {
      throw StoreError(
        .notEnoughMemory, "volume '\(id)' cannot have \(quota) bytes: its objects take \(volume.usage.used)")
    }
    if quota > 0, !volume.isShared, volume.settings.quota == 0 || quota > volume.settings.quota {
      let capacity = capacity(without: volume)
      guard quota - volume.usage.used <= capacity.available else { throw Self.noRoom(id, quota, capacity) }
    }
    volume.settings.quota = quota
    let limit = volume.settings.limit ?? .max
    if limit > volume.usage.limit { volume.usage.wasRefused = false }
    volume.usage.limit = limit
    return volume
  }

  /// Changes the fate of a volume's objects when it is deleted.
  ///
  /// - Throws: objectNotExists for an unknown volume.
  public func setDeletion(of id: String, _ onDelete: Volume.Deletion) throws(StoreError) -> Volume {
    let volume = try requireVolume(id)
    volume.settings.onDelete = onDelete
    return volume
  }

  /// Allows or forbids writing.
  ///
  /// - Throws: objectNotExists for an unknown volume.
  public func freezeVolume(_ id: String, _ isFrozen: Bool) throws(StoreError) -> Volume {
    let volume = try requireVolume(id)
    volume.isFrozen = isFrozen
    return volume
  }

  /// Lets the next write to a volume count as its first, if it holds nothing now.
  public func forgetWrites(to volume: Volume) {
    if volume.isEmpty { volume.usage.isWritten = false }
  }
}

extension Volume.Settings {
  /// Compares a repeated request with what it led to.
  ///
  /// - Throws: objectExists when they contradict each other.
  public func requireAgreement(with other: Volume.Settings) throws(StoreError) {
    guard let difference = difference(from: other) else { return }
    throw StoreError(.objectExists, "volume '\(id)' exists already: its \(difference)")
  }

  /// The first contradiction to a repeated request, as the end of a sentence; nil when there is none.
  private func difference(from other: Volume.Settings) -> String? {
    if locality != other.locality { return "locality is \(locality.rawValue), not \(other.locality.rawValue)" }
    if scope != other.scope { return "scope is \(scope.rawValue), not \(other.scope.rawValue)" }
    if onDelete != other.onDelete { return "on_delete is \(onDelete.rawValue), not \(other.onDelete.rawValue)" }
    if isEphemeral != other.isEphemeral { return "ephemeral is \(isEphemeral), not \(other.isEphemeral)" }
    if quota != other.quota { return "quota is \(quota) bytes, not \(other.quota)" }
    if source != other.source { return "source is \(Self.text(source)), not \(Self.text(other.source))" }
    if overwrite != other.overwrite { return "overwrite is \(Self.text(overwrite)), not \(Self.text(other.overwrite))" }
    if deletedMemory != other.deletedMemory {
      return "deleted_memory is \(Self.text(deletedMemory)), not \(Self.text(other.deletedMemory))"
    }
    return nil
  }

  private static func text(_ policy: (some RawRepresentable<String>)?) -> String { policy?.rawValue ?? "not set" }

  private static func text(_ source: Volume.Source?) -> String {
    source.map { "\($0.kind.rawValue) '\($0.id)'" } ?? "nothing"
  }
}
