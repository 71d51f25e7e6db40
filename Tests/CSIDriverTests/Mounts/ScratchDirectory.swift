import Glibc
import Testing

/// A directory for one test, removed with what is in it.
final class ScratchDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/csi-driver-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress) }
    path = String(cString: try #require(made))
  }

  deinit {
    // Deepest first, links not followed.
    nftw(path, { name, _, _, _ in name.map { remove($0) } ?? 0 }, 16, FTW_DEPTH | FTW_PHYS)
  }
}
