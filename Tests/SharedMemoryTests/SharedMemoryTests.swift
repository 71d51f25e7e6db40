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
    length: mebibytes * mebibyte, exactLength: mebibytes * mebibyte, policy: policy, log: { _ in })
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

/// A number of KiB from /proc/self/status, in bytes.
func statusBytes(_ field: String) throws -> UInt64 {
  let file = try #require(fopen("/proc/self/status", "r"))
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, CInt(line.count), file) != nil {
    let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(whereSeparator: { $0 == ":" || $0.isWhitespace })
    if let name = words.first, name == field, words.count > 1 { return try #require(UInt64(words[1])) << 10 }
  }
  throw SharedMemoryError("no \(field) in /proc/self/status")
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
