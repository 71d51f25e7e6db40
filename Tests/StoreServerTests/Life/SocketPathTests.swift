import Glibc
import StoreServer
import Support
import Testing

extension StoreServerTests {
  @Suite("the path of the socket")
  struct SocketPathTests {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
      directory = try TemporaryDirectory()
      path = "\(directory.path)/s"
    }

    private func expectRefused(_ path: String, _ reason: String) {
      let error = #expect(throws: ProgramError.self) { try RunningServer { $0.socketPath = path } }
      #expect(error?.description.contains(reason) == true, "\(error?.description ?? "no error")")
    }

    @Test("[Error] a path somebody answers on, who is not disturbed")
    func inUse() throws {
      let server = try RunningServer()
      expectRefused(server.socketPath, "is in use")
      #expect(try WireClient.registered(server).request(#"{"type":"clear_request"}"#)["code"] == nil)
    }

    @Test("a socket nobody answers on is replaced, missing directories are made, the mode is as asked")
    func stale() throws {
      let path = "\(directory.path)/a/b/s"
      let first = try RunningServer { $0.socketPath = path }
      // The name stays when the socket is gone.
      try #require(link(path, path + "-stale") == 0)
      try first.stop()
      try #require(rename(path + "-stale", path) == 0)
      let second = try RunningServer {
        $0.socketPath = path
        $0.socketMode = 0o707
      }
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o707)
      _ = try WireClient.registered(second)
    }

    @Test("[Error] a file that is not a socket is left alone")
    func file() throws {
      let file = open(path, O_CREAT | O_WRONLY, 0o600)
      close(file)
      expectRefused(path, "exists and is not a socket")
      #expect(access(path, F_OK) == 0)
    }

    @Test("[Error] a path longer than the system allows, with the lengths")
    func tooLong() throws {
      let parent = directory.path + "/not-made"
      let path = parent + "/" + String(repeating: "x", count: 120)
      expectRefused(path, "is \(path.utf8.count) bytes long, the system allows 107")
      #expect(access(parent, F_OK) != 0)
    }

    @Test("a path exactly as long as the system allows works")
    func longest() throws {
      let path = directory.path + "/" + String(repeating: "x", count: 106 - directory.path.utf8.count)
      #expect(path.utf8.count == 107)
      let server = try RunningServer { $0.socketPath = path }
      #expect(try WireClient.registered(server).request(#"{"type":"clear_request"}"#)["code"] == nil)
    }

    @Test("a server that ends leaves the socket of its successor")
    func successor() throws {
      let first = try RunningServer { $0.socketPath = path }
      unlink(path)
      let second = try RunningServer { $0.socketPath = path }
      try first.stop()
      #expect(try WireClient.registered(second).request(#"{"type":"clear_request"}"#)["code"] == nil)
      try second.stop()
      #expect(access(path, F_OK) != 0)
    }

    @Test("[Error] a port that is taken")
    func port() throws {
      let server = try RunningServer()
      let error = #expect(throws: ProgramError.self) { try RunningServer { $0.rpcPort = server.rpcPort } }
      #expect(error?.description.contains("port \(server.rpcPort)") == true)
    }
  }
}
