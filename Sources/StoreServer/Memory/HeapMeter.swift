import CLinux
import Glibc
import JSON
import StoreProtocol
import Support

/// Keeps the heap within its limit: metadata, names, streams, and the buffers of connections.
///
/// The kernel is asked for the memory that the process really has, since no sum of parts knows what allocation loses;
/// between two looks the meter assumes the worst of each request.
final class HeapMeter {
  /// Source of the facts; tests give their own.
  struct Source {
    /// Bytes of memory that the process has for itself.
    var resident: () -> UInt64
    /// Gives freed memory back to the system.
    var trim: () -> Void
    /// Monotonic nanoseconds.
    var now: () -> UInt64
  }

  /// Bytes that the heap may take beyond what it takes at rest.
  let limit: UInt64
  /// Bytes of buffers of all connections together.
  let buffers: BufferBudget
  private let source: Source
  private let atRest: UInt64
  /// Bytes beyond those at rest when last looked.
  private(set) var used: UInt64 = 0
  /// Bytes that requests may have taken since.
  private var unmeasured: UInt64 = 0
  /// Bytes with which requests that are on their way were admitted: they may not have taken them yet.
  private(set) var held: UInt64 = 0
  /// Time from which freed memory may be given back again.
  private var nextTrim: UInt64 = 0
  /// Requests that were refused.
  private(set) var refusals: UInt64 = 0

  init(limit: UInt64, source: Source) {
    self.limit = limit
    self.source = source
    buffers = BufferBudget(limit: limit / 4)
    atRest = source.resident()
  }

  convenience init(limit: UInt64) throws(ProgramError) {
    let resident = try ResidentMemory()
    self.init(
      limit: limit,
      source: Source(
        resident: { resident.bytes }, trim: { clinux_trim_heap() }, now: { monotonicNanoseconds() }))
  }

  /// Limit of requests that store something. The rest is for requests that only read, and for tables that grow by
  /// doubling.
  private var limitForWrites: UInt64 { limit / 8 * 5 }
  private var limitForReads: UInt64 { limit / 8 * 6 }
  private var limitForLongMessages: UInt64 { limit / 8 * 7 }
  /// Bytes after which the meter looks again.
  private var step: UInt64 { min(limit / 64, 4 << 20) }

  /// - Throws: notEnoughMemory when a request may take more heap than is left. Requests that give memory back, and
  ///   those that neither store nor map anything, are always admitted.
  /// - Returns: bytes that it may take, to be held while it is on its way.
  @discardableResult
  func admit(_ request: RequestDescriptor, bytes: Int) throws(StoreError) -> UInt64 {
    guard let cost = request.heap.bytes(of: bytes) else { return 0 }
    try admit(cost, most(for: request))
    return cost
  }

  /// Bytes of heap that there may be after a request.
  private func most(for request: RequestDescriptor) -> UInt64 {
    if case .ids = request.heap { return limitForLongMessages }
    return switch request.access {
    case .write, .session, .volumes: limitForWrites
    case .anyone, .read: limitForReads
    }
  }

  /// Admits the reading of a long message, before its type is known.
  ///
  /// - Throws: notEnoughMemory when its fields do not fit.
  func admitReading(bytes: Int) throws(StoreError) { try admit(Self.readingCost(bytes: bytes), limitForLongMessages) }

  /// Bytes of heap that the fields of a message take while it is answered: the spans of each key and value, in an array
  /// that grows by doubling.
  static func readingCost(bytes: Int) -> UInt64 { UInt64(min(bytes * 12, RequestMessage.maximumFields * 96)) }

  /// Admits a listing that takes more than one step and so keeps its matches.
  ///
  /// - Parameter entries: the number of entries there are.
  /// - Returns: bytes that it may take, to be held while it is on its way.
  func admitListing(of entries: Int) throws(StoreError) -> UInt64 {
    // A name or an id, in an array that grows by doubling.
    let cost = UInt64(entries) * 48
    try admit(cost, limitForLongMessages)
    return cost
  }

  private func admit(_ cost: UInt64, _ most: UInt64) throws(StoreError) {
    unmeasured += cost
    if unmeasured < step, used + held + unmeasured <= most { return }
    look()
    if used + held + cost > most { trim() }
    guard used + held + cost > most else {
      unmeasured = cost
      return
    }
    countRefusal()
    throw StoreError(
      .notEnoughMemory,
      "\(used) bytes of metadata, names and connections are in memory, of \(limit) that the store may take for them: "
        + "delete objects, or give the store more memory")
  }

  /// Counts a request that was refused for want of heap.
  func countRefusal() { refusals += 1 }

  /// Keeps the bytes of an admitted request counted until ``release(_:)``, since it has not taken them yet.
  func hold(_ cost: UInt64) {
    unmeasured -= min(unmeasured, cost)
    held += cost
  }

  /// Notes that a request has ended: its bytes are measured at the next look.
  func release(_ cost: UInt64) {
    held -= min(held, cost)
    unmeasured += cost
  }

  /// Asks how much there is.
  func look() {
    let resident = source.resident()
    used = resident - min(resident, atRest)
    unmeasured = 0
  }

  /// Gives freed memory back and looks again; it takes a twentieth of the time at most.
  private func trim() {
    let start = source.now()
    guard start >= nextTrim else { return }
    source.trim()
    let end = source.now()
    nextTrim = end + 20 * (end - start)
    look()
  }
}

extension RequestDescriptor.HeapCost {
  /// Bytes of heap that a message of some length may take, nil when it takes nothing that is counted.
  fileprivate func bytes(of length: Int) -> UInt64? {
    switch self {
    case .none, .listing: nil
    // An id of two bytes becomes a number of eight, in an array that grows by doubling and is copied once.
    case .ids:
      length > StoreServer.longFrame ? UInt64(min(length * 12, NumberListReader.maximumCount * 24)) : nil
    // A field of six bytes, as `"a":1,`, becomes an entry with two texts.
    case .documents: UInt64(length) * 24 + 2048
    case .entries: UInt64(length) * 8 + 2048
    case .grants: UInt64(length) * 8 + 512
    }
  }
}

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
