import Glibc

/// Page sizes in bytes, and rounding to them.
enum PageSize {
  /// One huge page.
  static let huge: UInt64 = 2 << 20

  /// One page of the base size.
  static let base: UInt64 = {
    let size = sysconf(CInt(_SC_PAGESIZE))
    return size > 0 ? UInt64(size) : 4096
  }()

  /// The next multiple of `unit` (a power of two) at or above `bytes`; nil past the largest file.
  static func roundUp(_ bytes: UInt64, to unit: UInt64) -> UInt64? {
    guard bytes <= UInt64(Int64.max) - unit else { return nil }
    return (bytes + unit - 1) & ~(unit - 1)
  }

  /// The last multiple of `unit` (a power of two) at or below `bytes`.
  static func roundDown(_ bytes: UInt64, to unit: UInt64) -> UInt64 {
    bytes & ~(unit - 1)
  }
}
