import CLinux
import Glibc

extension Arena {
  /// Way to make pages exist; neither way changes a byte of a page that is there.
  enum PopulateMethod {
    /// MADV_POPULATE_WRITE (Linux 5.14 and later): allocates and zeroes, and huge pages follow
    /// the advice on the mapping.
    case advise
    /// fallocate(2): allocates, and the kernel zeroes each page when it is first touched.
    ///
    /// For 4 KiB pages it is 2.8 times as fast as `advise`, which takes a page fault for each,
    /// and clients that write afterwards are as fast: their time goes into faults, not zeroing.
    case allocate
  }

  /// Bytes done at a time, which bounds what mapping adds to the resident set meanwhile and what
  /// an interrupted fallocate(2) undoes.
  private static let windowLength: UInt64 = 16 << 20

  /// Attempts before a lasting EAGAIN is given up.
  private static let attempts = 100

  /// Gives a range its pages, so that touching it can neither fail nor wait for memory; new ones read as zeroes.
  ///
  /// Bytes of pages that exist already stay as they are, also while clients write them. Blocks for
  /// 0.05 to 3 seconds per GiB, so it belongs on a worker thread. The pages are not left in this
  /// process's resident set.
  /// - Parameters:
  ///   - offset: first byte of the range in the file; rounded down to a page.
  ///   - length: bytes in the range; the end is rounded up to a page.
  /// - Throws: `SharedMemoryError` with ERANGE outside the file, ENOMEM, ENOSPC or EFAULT where there is no
  ///   memory (`isOutOfMemory`), EHWPOISON for a page with a hardware error. Pages before the failure may stay.
  public func populate(offset: UInt64, length: UInt64) throws(SharedMemoryError) {
    try populate(offset: offset, length: length, method: pageKind == .base ? .allocate : .advise)
  }

  func populate(offset: UInt64, length: UInt64, method: PopulateMethod) throws(SharedMemoryError) {
    let range = try pages(offset: offset, length: length)
    var start = range.lowerBound
    while start < range.upperBound {
      let boundary = PageSize.roundDown(start, to: Self.windowLength) + Self.windowLength
      let window = start..<min(boundary, range.upperBound)
      if method == .allocate {
        try allocate(window)
      } else if try !advise(window) {
        try allocate(window)
      }
      start = window.upperBound
    }
  }

  private func allocate(_ range: Range<UInt64>) throws(SharedMemoryError) {
    try SharedMemoryError.check(
      clinux_allocate(fileDescriptor, range.lowerBound, UInt64(range.count)),
      "cannot allocate \(range.count) bytes at \(range.lowerBound)")
  }

  /// Populates through a transient mapping; false where the kernel doesn't know how.
  private func advise(_ range: Range<UInt64>) throws(SharedMemoryError) -> Bool {
    // The kernel gives a huge page only where the mapping covers all of it, so the mapping may be
    // wider than what is populated. The file's length is a multiple of a huge page.
    let first = PageSize.roundDown(range.lowerBound, to: PageSize.huge)
    let end = PageSize.roundUp(range.upperBound, to: PageSize.huge) ?? length
    let window = try MappedWindow(fileDescriptor: fileDescriptor, offset: first, length: end - first)
    if pageKind == .thp { _ = clinux_madvise(window.address, window.length, CLINUX_MADV_HUGEPAGE) }

    let address = window.address + Int(range.lowerBound - first)
    var remaining = Self.attempts
    while true {
      let result = clinux_madvise(address, range.count, CLINUX_MADV_POPULATE_WRITE)
      switch result {
      case -EINVAL:
        return false
      case -EINTR:
        continue
      case -EAGAIN where remaining > 0:
        remaining -= 1
        usleep(1000)
      default:
        try SharedMemoryError.check(result, "cannot populate \(range.count) bytes at \(range.lowerBound)")
        return true
      }
    }
  }
}
