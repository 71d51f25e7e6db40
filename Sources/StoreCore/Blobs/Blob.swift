import StoreProtocol

/// A blob of a session.
public struct Blob {
  public internal(set) var extent: ExtentID
  /// Address of the first byte.
  public internal(set) var offset: UInt64
  /// Bytes.
  public var size: UInt64
  /// Bytes it is charged with: its size, unless it was shrunk while others were given it.
  var charged: UInt64
  public var isSealed: Bool
  /// The client that may still write it; nil once sealed or when that client has gone.
  public var writer: Client?
  /// The client that sealed it and counts as a user until it releases the blob or goes.
  public var sealer: UInt64?
  /// The volume usage it is charged to; nil outside of volumes.
  var usage: VolumeUsage?
  /// The blob of another store that it is a copy of; nil for the store's own.
  var copy: CopyState?
}
