import Logging
import SharedMemory
import StoreCore
import Support

/// The memory files of the store, on the loop: where the addresses of its books are.
final class MemoryFiles {
  private struct File {
    let place: MemoryFilePlace
    let arena: Arena
  }

  /// The file that is there from the start.
  let first: Arena
  private let log: Logger
  /// Files in the order of their addresses.
  private var files: [File]
  private var arenas: [Int: Arena]

  /// - Parameter place: of the first file.
  init(_ first: Arena, at place: MemoryFilePlace, log: Logger) {
    self.first = first
    self.log = log
    files = [File(place: place, arena: first)]
    arenas = [place.key: first]
  }

  var count: Int { files.count }

  subscript(key: Int) -> Arena? { arenas[key] }

  /// Makes the file of a place.
  ///
  /// - Returns: false when the system has none to give.
  func open(_ place: MemoryFilePlace) -> Bool {
    do throws(SharedMemoryError) {
      let arena = try first.another(length: place.length)
      files.insert(File(place: place, arena: arena), at: index(of: place.start))
      arenas[place.key] = arena
      return true
    } catch {
      log.error("cannot make a memory file of \(ByteSize(bytes: place.length)): \(error)")
      return false
    }
  }

  /// Forgets a file, which closes it once nobody moves bytes of it any more.
  func forget(_ range: ByteRange) {
    let index = index(of: range.offset)
    guard index < files.count, files[index].place.addresses == range else { return }
    arenas[files[index].place.key] = nil
    files.remove(at: index)
  }

  /// The place in `files` of the first one that does not end before an address.
  private func index(of address: UInt64) -> Int {
    var (low, high) = (0, files.count)
    while low < high {
      let middle = (low + high) / 2
      if files[middle].place.addresses.end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The bytes that a range of addresses stands for; nil when their file is gone.
  func bytes(of range: ByteRange) -> ArenaBytes? {
    let index = index(of: range.offset)
    guard index < files.count, files[index].place.start <= range.offset else { return nil }
    let (place, arena) = (files[index].place, files[index].arena)
    return ArenaBytes(arena: arena, offset: range.offset - place.start, length: range.length)
  }

  /// Overwrites a short range with zeroes.
  func zero(_ range: ByteRange) {
    guard let bytes = bytes(of: range) else { return }
    do throws(SharedMemoryError) { try bytes.arena.zero(offset: bytes.offset, length: bytes.length) } catch {
      log.error("cannot zero \(range.length) bytes: \(error)")
    }
  }
}

/// Bytes of one memory file. They stay where they are as long as somebody has this value, though their pages may go.
struct ArenaBytes: Sendable {
  let arena: Arena
  /// Offset in the file.
  let offset: UInt64
  let length: UInt64

  /// Where they are mapped. System calls may use it; touching it is fatal where a client has cut its file.
  var address: UnsafeMutableRawPointer { arena.base + Int(offset) }

  /// Takes them out of this process's resident set.
  func dropFromResidentSet() { arena.dropFromResidentSet(offset: offset, length: length) }
}
