import CLinux
import Glibc

extension Arena {
  /// Creates a memory file of the best kind that the policy and the machine allow.
  ///
  /// Falls back to 4 KiB pages, and says in one line which kind is in use. A kind that somebody asked for and that
  /// cannot be had is a warning, with the reason and the remedy; without huge pages that nobody asked for, the line
  /// says what that costs and how to get them.
  /// - Parameters:
  ///   - length: bytes for the sparse kinds, which cost memory only where used; rounded up to 2 MiB.
  ///   - exactLength: bytes for hugetlb, which reserves all of them at once; rounded up to 2 MiB.
  ///   - policy: what the user wants.
  ///   - log: takes the line, and whether it is a warning.
  /// - Throws: `SharedMemoryError` where even 4 KiB pages cannot be had.
  public static func create(
    length: UInt64, exactLength: UInt64, policy: HugePagePolicy,
    log: @Sendable (_ isWarning: Bool, _ line: String) -> Void
  ) throws(SharedMemoryError) -> Arena {
    var refusal: (kind: PageKind, error: SharedMemoryError)?
    for kind in policy.candidates {
      do throws(SharedMemoryError) {
        let arena = try attempt(kind, length: kind == .hugetlb ? exactLength : length)
        log(false, "shared memory: \(arena.length >> 20) MiB in \(kind)")
        return arena
      } catch {
        refusal = (kind, error)
      }
    }
    let arena = try attempt(.base, length: length)
    let line = "shared memory: \(arena.length >> 20) MiB in \(PageKind.base)"
    switch policy {
    case .off: log(false, line)
    case .auto: log(false, "\(line): no huge pages here, so writing to new memory is slower; \(PageKind.anyRemedy)")
    case .thp, .hugetlb, .tmpfs:
      let reason = refusal.map { ", not \($0.kind): \($0.error); \($0.kind.remedy)" } ?? ""
      log(true, line + reason)
    }
    return arena
  }

  /// Creates an arena of exactly this kind, or throws why not.
  static func attempt(_ kind: PageKind, length: UInt64) throws(SharedMemoryError) -> Arena {
    let arena = try make(kind, length: length, endsEarly: false)
    if kind == .tmpfs || kind == .thp { try arena.verifyHugePages() }
    return arena
  }

  /// Creates another arena of the same kind, which ``end()`` may end while others have the file.
  ///
  /// Takes less than a millisecond.
  /// - Parameter length: bytes; rounded up to 2 MiB.
  public func another(length: UInt64) throws(SharedMemoryError) -> Arena {
    try Self.make(pageKind, length: length, endsEarly: true)
  }

  private static func make(_ kind: PageKind, length: UInt64, endsEarly: Bool) throws(SharedMemoryError) -> Arena {
    guard length > 0, let rounded = PageSize.roundUp(length, to: PageSize.huge) else {
      throw SharedMemoryError("an arena cannot have \(length) bytes", code: EINVAL)
    }
    let file = try open(kind, length: rounded)
    return try Arena(
      fileDescriptor: file.descriptor, readOnly: file.readOnly, length: rounded, pageKind: kind, endsEarly: endsEarly)
  }

  private static func open(
    _ kind: PageKind, length: UInt64
  ) throws(SharedMemoryError) -> (descriptor: CInt, readOnly: CInt) {
    switch kind {
    case .tmpfs:
      var readOnly: CInt = -1
      let descriptor = try SharedMemoryError.check(
        clinux_tmpfs_file(length, "always", &readOnly), "cannot mount a tmpfs")
      return (descriptor, readOnly)
    case .hugetlb:
      let free = MemoryLimits.detect().hugePagesFree
      guard free >= length / PageSize.huge else {
        throw SharedMemoryError("\(length / PageSize.huge) huge pages are needed and \(free) are free")
      }
      return try memoryFile(CLINUX_MFD_HUGETLB | CLINUX_MFD_HUGE_2MB)
    case .thp:
      let path = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
      let setting = kernelChoice(path) ?? "absent"
      guard ["advise", "always", "within_size", "force"].contains(setting) else {
        throw SharedMemoryError("shmem_enabled is \(setting)")
      }
      return try memoryFile(0)
    case .base:
      return try memoryFile(0)
    }
  }

  private static func memoryFile(
    _ flags: UInt32
  ) throws(SharedMemoryError) -> (descriptor: CInt, readOnly: CInt) {
    let descriptor = try SharedMemoryError.check(
      clinux_memfd_create("vineyard", CLINUX_MFD_CLOEXEC | CLINUX_MFD_ALLOW_SEALING | flags),
      "cannot create a memory file")
    return (descriptor, -1)
  }

  /// Throws unless touching one byte of the empty file allocates a whole huge page.
  private func verifyHugePages() throws(SharedMemoryError) {
    try populate(offset: 0, length: 1)
    let allocated = try allocatedBytes()
    try release(offset: 0, length: min(PageSize.huge, length))
    guard allocated >= PageSize.huge else {
      throw SharedMemoryError("the kernel gave a page of \(allocated) bytes")
    }
  }

  /// Bytes of memory that the file holds now, in all processes.
  ///
  /// - Throws: `SharedMemoryError` from fstat(2).
  public func allocatedBytes() throws(SharedMemoryError) -> UInt64 {
    var status = stat()
    guard fstat(fileDescriptor, &status) == 0 else { throw .fromErrno("cannot examine a memory file") }
    return UInt64(status.st_blocks) * 512
  }
}
