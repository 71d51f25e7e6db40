import CLinux
import Glibc

/// One memory file that clients map, and its mapping in this process.
///
/// The file starts as a hole. `populate` gives a range its pages ahead of its use, `release` takes
/// them back. All methods may be called from any thread, concurrently with readers and writers of
/// the same memory in other processes.
///
/// Sendable is proven by immutability: every stored property is a `let`, the kernel serialises
/// operations on the file, and the arena itself never reads or writes the bytes behind `base`.
public final class Arena: @unchecked Sendable {
  /// The file, open for reading and writing and close-on-exec; owned by the arena.
  public let fileDescriptor: CInt

  /// The same file, open for reading only; -1 where the system cannot reopen it (it takes /proc). Owned by the arena.
  public let readOnlyFileDescriptor: CInt

  /// Whether nobody can open `readOnlyFileDescriptor` again for writing, root included: it goes through a read-only
  /// mount. Otherwise only the file's mode keeps others than the store's user and root from that.
  public let isReadOnlyEnforced: Bool

  /// Bytes in the file, a multiple of 2 MiB.
  public let length: UInt64

  /// The memory that the arena really got.
  public let pageKind: PageKind

  /// The whole file, mapped shared for reading and writing; touching it takes pages and adds to
  /// the resident set until `dropFromResidentSet`.
  public var base: UnsafeMutableRawPointer { mapping.address }

  /// Bytes in the pages that the kernel gives: 2 MiB, or 4096 for `PageKind.base`.
  public var pageSize: UInt64 { pageKind == .base ? PageSize.base : PageSize.huge }

  /// Bytes in the smallest range that can be mapped, populated or released by itself.
  var granule: UInt64 { pageKind == .hugetlb ? PageSize.huge : PageSize.base }

  private let mapping: MappedWindow

  /// Takes over the descriptors, also when it throws.
  ///
  /// - Parameters:
  ///   - readOnly: the file through a read-only mount; negative where there is none.
  ///   - endsEarly: whether ``end()`` is to work.
  init(
    fileDescriptor: CInt, readOnly: CInt = -1, length: UInt64, pageKind: PageKind, endsEarly: Bool = false
  ) throws(SharedMemoryError) {
    do throws(SharedMemoryError) {
      guard ftruncate(fileDescriptor, off_t(length)) == 0 else {
        throw .fromErrno("cannot size a memory file to \(length) bytes")
      }
      mapping = try MappedWindow(fileDescriptor: fileDescriptor, offset: 0, length: length)
    } catch {
      close(fileDescriptor)
      if readOnly >= 0 { close(readOnly) }
      throw error
    }
    self.fileDescriptor = fileDescriptor
    // A client that cut the file short would take everybody's pages along. Files on a tmpfs cannot be sealed. One that is
    // cut by its owner in the end must at least not grow in the hands of those who still have it.
    _ = endsEarly ? clinux_seal_growth(fileDescriptor) : clinux_seal_size(fileDescriptor)
    // Whoever was given it for reading must not be able to reopen it for writing by way of /proc.
    fchmod(fileDescriptor, 0o600)
    isReadOnlyEnforced = readOnly >= 0
    readOnlyFileDescriptor =
      readOnly >= 0 ? readOnly : open("/proc/self/fd/\(fileDescriptor)", O_RDONLY | O_CLOEXEC)
    self.length = length
    self.pageKind = pageKind
    if pageKind == .thp { _ = clinux_madvise(mapping.address, mapping.length, CLINUX_MADV_HUGEPAGE) }
  }

  deinit {
    close(fileDescriptor)
    if readOnlyFileDescriptor >= 0 { close(readOnlyFileDescriptor) }
  }

  /// Gives a range back to the system; it reads as zeroes afterwards.
  ///
  /// Only whole pages go back (4 KiB, hugetlb 2 MiB); bytes of a page that is only partly in the range keep
  /// their values. Released hugetlb pages return to the pool, where another process may take them.
  /// - Parameters:
  ///   - offset: first byte of the range in the file.
  ///   - length: bytes in the range.
  /// - Throws: `SharedMemoryError` with ERANGE outside the file, else what fallocate(2) says.
  public func release(offset: UInt64, length: UInt64) throws(SharedMemoryError) {
    let range = try checked(offset: offset, length: length)
    guard let first = PageSize.roundUp(range.lowerBound, to: granule) else { return }
    let end = PageSize.roundDown(range.upperBound, to: granule)
    guard first < end else { return }
    try SharedMemoryError.check(
      clinux_punch_hole(fileDescriptor, first, end - first),
      "cannot release \(end - first) bytes at \(first)")
  }

  /// Takes a range out of this process's resident set; the file keeps its pages and bytes.
  ///
  /// Best effort: kernels before 5.18 refuse it for hugetlb, and a range outside the file is ignored.
  public func dropFromResidentSet(offset: UInt64, length: UInt64) {
    guard let range = try? pages(offset: offset, length: length), !range.isEmpty else { return }
    _ = clinux_madvise(base + Int(range.lowerBound), range.count, CLINUX_MADV_DONTNEED)
  }

  /// The range of whole pages that covers the bytes; throws ERANGE outside the file.
  func pages(offset: UInt64, length: UInt64) throws(SharedMemoryError) -> Range<UInt64> {
    let range = try checked(offset: offset, length: length)
    guard !range.isEmpty else { return range }
    let end = PageSize.roundUp(range.upperBound, to: granule) ?? self.length
    return PageSize.roundDown(range.lowerBound, to: granule)..<min(end, self.length)
  }

  func checked(offset: UInt64, length: UInt64) throws(SharedMemoryError) -> Range<UInt64> {
    guard offset <= self.length, length <= self.length - offset else {
      throw SharedMemoryError("\(length) bytes at \(offset) are outside an arena of \(self.length)", code: ERANGE)
    }
    return offset..<offset + length
  }
}
