import Glibc
import SharedMemory
import Testing

/// All of them one after another: several measure the process or the thread.
@Suite("shared memory", .serialized)
enum SharedMemoryTests {}

let mebibyte: UInt64 = 1 << 20

/// An arena of the policy's kind, or of 4 KiB pages where the machine refuses.
func makeArena(_ policy: HugePagePolicy, mebibytes: UInt64) throws -> Arena {
  try Arena.create(
    length: mebibytes * mebibyte, exactLength: mebibytes * mebibyte, policy: policy, log: { _, _ in })
}

/// A mapping as a client makes it: from the descriptor alone, wherever the kernel likes.
final class ClientMapping {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ descriptor: CInt, length: UInt64) throws {
    let address = mmap(nil, Int(length), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    try #require(address != UnsafeMutableRawPointer(bitPattern: -1))
    bytes = UnsafeMutableRawBufferPointer(start: address, count: Int(length))
  }

  deinit { munmap(bytes.baseAddress, bytes.count) }

  func fill(_ byte: CInt) { memset(bytes.baseAddress!, byte, bytes.count) }

  /// True when sampled words, eight of each 4 KiB page, are all zero.
  func isZero() -> Bool {
    stride(from: 0, to: bytes.count, by: 512).allSatisfy { bytes.load(fromByteOffset: $0, as: UInt64.self) == 0 }
  }
}

/// What tells a file from all others, as /proc/self/smaps shows it.
struct FileIdentity {
  /// `major:minor` in hexadecimal.
  let device: String
  let inode: String

  init(_ descriptor: CInt) throws {
    var status = stat()
    try #require(fstat(descriptor, &status) == 0)
    // makedev(3)
    let major = (status.st_dev >> 8) & 0xfff
    let minor = (status.st_dev & 0xff) | ((status.st_dev >> 12) & 0xfff00)
    device = [major, minor].map { part in
      let digits = String(part, radix: 16)
      return digits.count < 2 ? "0" + digits : digits
    }.joined(separator: ":")
    inode = String(status.st_ino)
  }
}

/// The resident bytes of each mapping of a file in this process, whatever else the process does.
func mappings(_ file: FileIdentity) throws -> [UInt64] {
  let smaps = try #require(fopen("/proc/self/smaps", "r"))
  defer { fclose(smaps) }
  var line = [CChar](repeating: 0, count: 4096)
  var isWanted = false
  var resident: [UInt64] = []
  while fgets(&line, CInt(line.count), smaps) != nil {
    let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(whereSeparator: \.isWhitespace)
    if words.count >= 5, words[0].contains("-") {
      isWanted = words[3] == file.device && words[4] == file.inode
    } else if isWanted, words.first == "Rss:" {
      resident.append(try #require(UInt64(words[1])) << 10)
    }
  }
  return resident
}

/// Bytes of an arena in this process's resident set.
func residentBytes(_ arena: Arena) throws -> UInt64 {
  try mappings(FileIdentity(arena.fileDescriptor)).reduce(0, +)
}

/// Minor page faults that the calling thread takes in `body`.
func minorFaults(_ body: () throws -> Void) rethrows -> Int {
  let before = threadFaults()
  try body()
  return threadFaults() - before
}

private func threadFaults() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(1), &usage)  // RUSAGE_THREAD
  return usage.ru_minflt
}
