/// Framing: eight bytes of length, least significant first, then that many bytes of JSON.
public enum Frame {
  public static let headerSize = 8

  /// Longer messages make the daemon close the connection (256 MiB).
  public static let maximumLength: UInt64 = 256 << 20

  /// The length announced by a header of eight bytes.
  public static func length(_ header: UnsafeRawBufferPointer) -> UInt64 {
    UInt64(littleEndian: header.loadUnaligned(as: UInt64.self))
  }
}
