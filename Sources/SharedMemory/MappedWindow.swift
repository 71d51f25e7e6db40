import Glibc

/// A shared read/write mapping of part of a memory file, unmapped at the end of its life.
///
/// The address is congruent to the file offset modulo 2 MiB, without which the kernel maps huge
/// pages as 512 small ones.
struct MappedWindow: ~Copyable {
  /// Address of the first byte of the window.
  let address: UnsafeMutableRawPointer

  /// Bytes mapped.
  let length: Int

  private let reservation: UnsafeMutableRawPointer
  private let reservedLength: Int

  /// Maps `length` bytes of the file from `offset`; both are multiples of the file's page size.
  ///
  /// Throws ENOMEM where a hugetlb file cannot reserve its pages or the address space is full.
  init(fileDescriptor: CInt, offset: UInt64, length: UInt64) throws(SharedMemoryError) {
    let alignment = Int(PageSize.huge)
    let length = Int(length)
    let reservedLength = length + alignment
    let failed = UnsafeMutableRawPointer(bitPattern: -1)
    guard
      let reservation = mmap(nil, reservedLength, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      reservation != failed
    else { throw .fromErrno("cannot reserve \(reservedLength) bytes of address space") }

    let skew = (Int(offset) - Int(bitPattern: reservation)) & (alignment - 1)
    let wanted = reservation + skew
    guard
      let address = mmap(
        wanted, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileDescriptor, off_t(offset)),
      address != failed
    else {
      let error = SharedMemoryError.fromErrno("cannot map \(length) bytes of shared memory")
      munmap(reservation, reservedLength)
      throw error
    }
    self.address = address
    self.length = length
    self.reservation = reservation
    self.reservedLength = reservedLength
  }

  deinit {
    munmap(reservation, reservedLength)
  }
}
