import Glibc
import Support

/// The memory that this process has for itself: heap and stacks, without files and shared memory (proc_pid_statm(5)).
final class ResidentMemory {
  private let file: CInt
  private let pageSize = UInt64(max(4096, sysconf(CInt(_SC_PAGESIZE))))

  /// - Throws: `ProgramError` where /proc is not mounted.
  init() throws(ProgramError) {
    file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    if file < 0 { throw ProgramError.system("cannot open /proc/self/statm", errno: errno, hint: "is /proc mounted?") }
  }

  deinit { close(file) }

  /// Bytes; 0 when the kernel says nothing.
  var bytes: UInt64 {
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
      let count = pread(file, buffer.baseAddress, buffer.count, 0)
      guard count > 0 else { return 0 }
      let words = buffer.prefix(count).split(separator: UInt8(ascii: " "))
      guard words.count > 2, let resident = Self.number(words[1]), let shared = Self.number(words[2]) else { return 0 }
      return (resident - min(resident, shared)) * pageSize
    }
  }

  private static func number(_ digits: Slice<UnsafeMutableRawBufferPointer>) -> UInt64? {
    UInt64(String(decoding: digits, as: UTF8.self))
  }
}
