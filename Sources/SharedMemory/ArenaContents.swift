import Glibc

/// Bytes that are written, copied and taken away by system calls, which fail where a client has taken the pages: touching
/// them would end this process.
extension Arena {
  /// Bytes copied at a time.
  private static let pieceLength = 1 << 20

  /// Writes bytes into the file.
  ///
  /// - Throws: `SharedMemoryError` with ERANGE outside the file, else what pwrite(2) says.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SharedMemoryError) {
    let range = try checked(offset: offset, length: UInt64(bytes.count))
    guard let source = bytes.baseAddress else { return }
    if pageKind == .hugetlb {
      // hugetlbfs has no write(2). Nobody can cut such a file.
      (base + Int(range.lowerBound)).copyMemory(from: source, byteCount: bytes.count)
      return
    }
    var done = 0
    while done < bytes.count {
      let written = pwrite(fileDescriptor, source + done, bytes.count - done, off_t(range.lowerBound) + off_t(done))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw .fromErrno("cannot write \(bytes.count) bytes at \(offset)") }
      done += written
    }
  }

  /// Copies bytes of another arena into this one; what is missing there comes as zeroes.
  ///
  /// Takes 0.3 seconds per GiB, so it belongs on a worker thread.
  /// - Throws: `SharedMemoryError` with ERANGE outside of one of the files, else what pread(2) or pwrite(2) say.
  public func copy(
    from source: Arena, at sourceOffset: UInt64, to offset: UInt64, length: UInt64
  ) throws(SharedMemoryError) {
    let from = try source.checked(offset: sourceOffset, length: length)
    _ = try checked(offset: offset, length: length)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceLength, alignment: 4096)
    defer { buffer.deallocate() }
    var done: UInt64 = 0
    while done < length {
      let wanted = min(Self.pieceLength, Int(length - done))
      let count = pread(source.fileDescriptor, buffer.baseAddress, wanted, off_t(from.lowerBound + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .fromErrno("cannot read \(length) bytes at \(sourceOffset)") }
      if count == 0 { buffer[..<wanted].withMemoryRebound(to: UInt8.self) { $0.update(repeating: 0) } }
      let piece = UnsafeRawBufferPointer(rebasing: buffer[..<(count == 0 ? wanted : count)])
      try write(piece, at: offset + done)
      done += UInt64(piece.count)
    }
  }

  /// Whether somebody has cut the file, so that its pages are not to be had.
  public var isCut: Bool {
    var status = stat()
    return fstat(fileDescriptor, &status) == 0 && UInt64(status.st_size) < length
  }

  /// Takes all pages of an arena from everybody who maps it, for good: touching them raises SIGBUS.
  ///
  /// - Throws: `SharedMemoryError` from ftruncate(2), as for one that was not made for it.
  public func end() throws(SharedMemoryError) {
    guard ftruncate(fileDescriptor, 0) == 0 else { throw .fromErrno("cannot end a memory file") }
  }
}

extension Arena: Equatable {
  public static func == (left: Arena, right: Arena) -> Bool { left === right }
}
