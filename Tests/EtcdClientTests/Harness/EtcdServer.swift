import CLinux
import EtcdClient
import Glibc
import Synchronization
import Testing

/// Why a test could not go on.
struct TestFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// A genuine etcd on a free loopback port, with a directory of its own. Both go when this process does, however it ends.
final class EtcdServer: Sendable {
  /// Faults that a test asks for.
  enum Fault: String {
    /// Dies without a word.
    case kill
    /// Takes connections and answers nothing.
    case pause
    case resume
    /// Dies and loses everything it knew.
    case wipe
  }

  let endpoint: EtcdEndpoint
  private let shell: pid_t
  /// The shell ends when this end of its standard input is closed.
  private let commands: CInt
  private let answers: CInt

  static let path = "/usr/bin/etcd"

  /// Does what it is told on standard input, one word a line, and answers each with a line.
  private static let script = """
    directory=$1; shift
    while read -r word; do
      case $word in
        start) "$@" --data-dir "$directory/data" >>"$directory/log" 2>&1 </dev/null & process=$! ;;
        kill | wipe) kill -9 "$process"; wait "$process" 2>/dev/null ;;
        pause) kill -STOP "$process" ;;
        resume) kill -CONT "$process" ;;
      esac
      if [ "$word" = wipe ]; then rm -rf "$directory/data"; fi
      echo "$word"
    done
    kill -9 "$process"
    wait "$process" 2>/dev/null
    rm -rf "$directory"
    """

  /// Starts it.
  init(_ flags: [String] = [], certificates: TestCertificates? = nil) throws {
    try #require(access(Self.path, X_OK) == 0, "no etcd: scripts/test installs etcd-server")
    var template = Array("/tmp/etcdXXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let (client, peer) = (try Self.freePort(), try Self.freePort())
    endpoint = EtcdEndpoint(host: "127.0.0.1", port: client, isSecure: certificates != nil)
    let peerURL = "http://127.0.0.1:\(peer)"
    let etcd =
      [
        Self.path, "--name", "test", "--listen-client-urls", endpoint.description, "--advertise-client-urls",
        endpoint.description, "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
        "--initial-cluster", "test=\(peerURL)", "--logger", "zap", "--log-outputs", "stderr",
      ] + (certificates?.flags ?? []) + flags
    var (input, commands, answers, output): (CInt, CInt, CInt, CInt) = (-1, -1, -1, -1)
    // Closed in children, so that a second etcd does not keep the first alive.
    try #require(clinux_pipe(&input, &commands) == 0)
    try #require(clinux_pipe(&answers, &output) == 0)
    defer {
      close(input)
      close(output)
    }
    shell = try Self.spawn(["/bin/sh", "-c", Self.script, "sh", directory] + etcd, input, output)
    (self.commands, self.answers) = (commands, answers)
    try tell("start")
  }

  deinit {
    close(commands)
    waitpid(shell, nil, 0)
    close(answers)
  }

  /// Starts it again after a fault.
  func start() throws { try tell("start") }

  func inject(_ fault: Fault) throws { try tell(fault.rawValue) }

  private func tell(_ word: String) throws {
    let line = Array("\(word)\n".utf8)
    try #require(write(commands, line, line.count) == line.count)
    var answer: [UInt8] = []
    var byte: UInt8 = 0
    while read(answers, &byte, 1) == 1, byte != UInt8(ascii: "\n") { answer.append(byte) }
    try #require(answer == Array(word.utf8), "the fault has not struck")
  }

  /// A client, for which etcd has all the time that a busy machine takes.
  func client(
    tls: EtcdTLS? = nil, credentials: EtcdCredentials? = nil, _ set: (inout EtcdTiming) -> Void = { _ in }
  ) async throws -> EtcdClient {
    var timing = EtcdTiming()
    timing.call = .seconds(30)
    set(&timing)
    let client = EtcdClient(endpoints: [endpoint], tls: tls, credentials: credentials, timing: timing)
    _ = try await client.range(.key([1]), within: .seconds(60))
    return client
  }

  /// Calls etcd's HTTP gateway, for what a client of the store never does.
  func post(_ path: String, _ body: String) throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = Self.loopback(endpoint.port)
    try #require(connect(socket, &address) == 0)
    let request = Array(
      "POST \(path) HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        .utf8)
    try #require(write(socket, request, request.count) == request.count)
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = read(socket, &chunk, chunk.count), count > 0 { answer += chunk[..<count] }
    let text = String(decoding: answer, as: UTF8.self)
    try #require(text.hasPrefix("HTTP/1.0 200") || text.hasPrefix("HTTP/1.1 200"), "\(path): \(text)")
  }

  // MARK: - Processes and ports

  private static func spawn(_ words: [String], _ input: CInt, _ output: CInt) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
    defer { for text in arguments + variables { free(text) } }
    // The shell waits for etcd by a signal that threads here have blocked.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var process = pid_t()
    try #require(posix_spawn(&process, words[0], &actions, &attributes, &arguments, &variables) == 0)
    return process
  }

  /// A port that nobody has, below those that connections get by themselves: it must be free again after a restart.
  static func freePort() throws -> Int {
    for _ in 0..<100 {
      let port = Int.random(in: 20_000..<30_000)
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(socket) }
      var address = loopback(port)
      if bind(socket, &address) == 0 { return port }
    }
    throw TestFailure("no free port")
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return address
  }
}

/// The servers of a test: they live as long as its suite, whatever the test still refers to.
final class EtcdServers: Sendable {
  private let all = Mutex<[EtcdServer]>([])

  func start(_ flags: [String] = [], certificates: TestCertificates? = nil) throws -> EtcdServer {
    let server = try EtcdServer(flags, certificates: certificates)
    all.withLock { $0.append(server) }
    return server
  }
}

private func connect(_ socket: CInt, _ address: inout sockaddr_in) -> CInt {
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}

func bind(_ socket: CInt, _ address: inout sockaddr_in) -> CInt {
  withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
