import Glibc
import Synchronization

/// Bytes of the machine that its stores may take, written down so that stores without a size do not promise the same
/// bytes twice.
///
/// Each store has a file with its number and its cgroup, which it keeps locked: however it ends, the kernel gives up the
/// lock, and the next store removes the file. Stores of different users do not see each other. Source: flock(2).
public final class MemoryLedger: Sendable {
  /// Bytes that other stores may take.
  public struct Promised: Sendable, Equatable {
    /// On the whole machine.
    public var onMachine: UInt64 = 0
    /// In the cgroup of this process.
    public var inCgroup: UInt64 = 0

    public init(onMachine: UInt64 = 0, inCgroup: UInt64 = 0) {
      self.onMachine = onMachine
      self.inCgroup = inCgroup
    }
  }

  private let path: String
  /// The cgroups of this process as the kernel lists them.
  private let cgroup: String
  /// The descriptor of the locked file; below zero before it is written.
  private let entry = Mutex<Int32>(-1)

  /// A ledger in a directory, which is made when it is needed.
  public init(directory: String) {
    path = directory
    cgroup = kernelText("/proc/self/cgroup") ?? ""
  }

  deinit {
    let descriptor = entry.withLock { $0 }
    if descriptor >= 0 { Self.giveUp(descriptor) }
  }

  /// Unlocks and closes an entry. A child that was just forked still has it open: closing alone would keep the lock.
  private static func giveUp(_ descriptor: Int32) {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// The ledger of this user, in the memory that every machine has and that is empty after a restart.
  public static func ofUser() -> MemoryLedger { MemoryLedger(directory: "/dev/shm/vineyardd-\(geteuid())") }

  /// Writes down what this process may take, while no other store decides.
  ///
  /// Without a directory that only this user can write to, nothing is known of others and nothing is written.
  ///
  /// - Parameter decide: gets what other stores may take, and returns the bytes of this one with its result.
  public func reserve<Result>(_ decide: (Promised) -> (UInt64, Result)) -> Result {
    guard let directory = openDirectory() else { return decide(Promised()).1 }
    defer { close(directory) }
    guard flock(directory, LOCK_EX) == 0 else { return decide(Promised()).1 }
    let (bytes, result) = decide(promised(in: directory))
    write(bytes, in: directory)
    return result
  }

  private func openDirectory() -> Int32? {
    mkdir(path, 0o700)
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// The sum of what living stores have written; files of dead ones are removed.
  private func promised(in directory: Int32) -> Promised {
    var promised = Promised()
    let copy = dup(directory)
    guard copy >= 0, let entries = fdopendir(copy) else { return promised }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasPrefix("store-") else { continue }
      let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_SH | LOCK_NB) == 0 {
        unlinkat(directory, name, 0)
      } else if let (bytes, group) = content(of: descriptor) {
        promised.onMachine += min(bytes, 1 << 50)
        if group == cgroup { promised.inCgroup += min(bytes, 1 << 50) }
      }
    }
    return promised
  }

  private func content(of descriptor: Int32) -> (bytes: UInt64, cgroup: String)? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let parts = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard let bytes = parts.first.flatMap({ UInt64($0) }) else { return nil }
    return (bytes, parts.count > 1 ? String(parts[1]) : "")
  }

  private func write(_ bytes: UInt64, in directory: Int32) {
    let name = "store-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let descriptor = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    let text = Array("\(bytes)\n\(cgroup)".utf8.prefix(4096))
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      unlinkat(directory, name, 0)
      close(descriptor)
      return
    }
    let former = entry.withLock { entry in
      defer { entry = descriptor }
      return entry
    }
    if former >= 0 { Self.giveUp(former) }
  }
}
