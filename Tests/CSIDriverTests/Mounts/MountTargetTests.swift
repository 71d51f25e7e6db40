import GRPCCore
import Glibc
import Logging
import Support
import Testing

@testable import CSIDriver

@Suite("The path where a volume is wanted")
struct MountTargetTests {
  @Test(
    "is written in one way",
    arguments: [("/a/b", "/a/b"), ("/a/b/", "/a/b"), ("//a///b", "/a/b"), ("/a..b/.c/...", "/a..b/.c/...")])
  func valid(text: String, expected: String) throws {
    #expect(try MountTarget(text, field: "target_path").path == expected)
  }

  @Test(
    "must be absolute and lead where it says",
    arguments: [
      "", "a", "./a", "/", "//", "/..", "/a/../b", "/a/..", "/./a", "/a/.", "/a\0b",
      "/" + String(repeating: "x/", count: 2048),
    ])
  func invalid(text: String) {
    let error = #expect(throws: RPCError.self) { try MountTarget(text, field: "target_path") }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("target_path ") == true)
  }

  @Test("is made once, looked at, and removed once")
  func directory() throws {
    let scratch = try TemporaryDirectory()
    let target = try MountTarget("\(scratch.path)/t", field: "target_path")
    #expect(try target.status() == nil)
    try target.make()
    try target.make()
    #expect(try target.status()?.isMountRoot == false)
    #expect(try target.unmount(Logger(write: { _ in })) == 0)
    try target.remove()
    try target.remove()
    #expect(try target.status() == nil)
  }

  @Test("is not followed when it is a link, and is no file")
  func links() throws {
    let scratch = try TemporaryDirectory()
    #expect(symlink("/tmp", "\(scratch.path)/link") == 0)
    let file = open("\(scratch.path)/file", O_CREAT | O_WRONLY, 0o600)
    close(file)
    for name in ["link", "file"] {
      let target = try MountTarget("\(scratch.path)/\(name)", field: "target_path")
      let error = #expect(throws: RPCError.self) { try target.status() }
      #expect(error?.code == .failedPrecondition)
      #expect(try target.unmount(Logger(write: { _ in })) == 0)
      try target.remove()
      #expect(try target.status() == nil)
    }
    #expect(access("/tmp", F_OK) == 0)
  }

  @Test("keeps what is in it")
  func notEmpty() throws {
    let scratch = try TemporaryDirectory()
    #expect(mkdir("\(scratch.path)/t", 0o755) == 0 && mkdir("\(scratch.path)/t/kept", 0o755) == 0)
    let target = try MountTarget("\(scratch.path)/t", field: "target_path")
    let error = #expect(throws: RPCError.self) { try target.remove() }
    #expect(error?.code == .failedPrecondition)
    #expect(access("\(scratch.path)/t/kept", F_OK) == 0)
  }

  @Test("has links in its parents resolved where the kernel's table of mounts is concerned")
  func kernelPath() throws {
    let scratch = try TemporaryDirectory()
    #expect(mkdir("\(scratch.path)/real", 0o755) == 0 && symlink("real", "\(scratch.path)/link") == 0)
    let target = try MountTarget("\(scratch.path)/link/t", field: "target_path")
    #expect(target.kernelPath == realPath(scratch.path).map { "\($0)/real/t" })
    #expect(try MountTarget("/t", field: "target_path").kernelPath == "/t")
  }
}
