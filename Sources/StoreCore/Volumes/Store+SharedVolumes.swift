import StoreProtocol

/// Volumes that other stores have, too: their documents say what they are.
extension Store {
  /// The document of a volume that nobody has yet.
  public func sharedVolume(_ settings: Volume.Settings) -> SharedVolume {
    SharedVolume(settings, session: settings.scope == .cluster ? root.id : freshSessionID(), created: now)
  }

  /// Opens a volume as its document says. Its session has nothing yet of what other stores have.
  ///
  /// - Throws: objectExists when there is another volume of that id, or its session is something else here.
  public func openVolume(_ document: SharedVolume) throws(StoreError) -> Volume {
    if let present = volumes[document.id] {
      try present.settings.requireAgreement(with: document.settings)
      guard present.session.id == document.session else {
        throw StoreError(.objectExists, "volume '\(document.id)' is another one here, which is to be deleted")
      }
      return present
    }
    guard document.session == root.id ? document.settings.scope == .cluster : sessions[document.session] == nil else {
      throw StoreError(
        .objectExists, "volume '\(document.id)' cannot be opened: its session \(document.session) is in use here")
    }
    let volume = add(document.settings, session: document.session, created: document.created)
    volume.isFrozen = document.isFrozen
    volume.generation = document.generation
    return volume
  }

  /// Notes contents that this store had of a volume before a restart.
  ///
  /// - Parameters:
  ///   - lostContentsAt: when contents were lost last, in unix milliseconds; nil when there never were any.
  ///   - isLossUnrepaired: whether nothing was written since.
  public func noteLoss(of volume: Volume, at lostContentsAt: UInt64?, isLossUnrepaired: Bool) {
    volume.lostContentsAt = lostContentsAt
    volume.hasLostContents = isLossUnrepaired
  }

  /// Takes over what somebody has changed of a volume's document; an older version changes nothing.
  ///
  /// - Returns: whether anything was changed.
  @discardableResult
  public func update(_ volume: Volume, to document: SharedVolume) -> Bool {
    guard document.generation > volume.generation else { return false }
    volume.generation = document.generation
    volume.isFrozen = document.isFrozen
    volume.settings.onDelete = document.settings.onDelete
    volume.settings.quota = document.settings.quota
    let limit = document.settings.limit ?? .max
    if limit > volume.usage.limit { volume.usage.wasRefused = false }
    volume.usage.limit = max(limit, volume.usage.used)
    volume.usage.granted = document.settings.quota == 0 ? nil : volume.usage.granted ?? 0
    return true
  }
}

extension Volume {
  /// The document that other stores read; nil for a volume of this store alone.
  public var document: SharedVolume? {
    guard isShared else { return nil }
    var document = SharedVolume(
      settings, session: session.id, created: created, isFrozen: isFrozen, generation: generation)
    document.contents = contents
    return document
  }
}
