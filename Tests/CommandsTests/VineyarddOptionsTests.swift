import EtcdClient
import EtcdMetadata
import Logging
import SharedMemory
import StoreCore
import StoreProtocol
import StoreServer
import Support
import Testing

@testable import Commands

@Suite struct VineyarddOptionsTests {
  @Test func `without flags the defaults are the original's, or the design's where it differs`() throws {
    var expected = ServerConfiguration(socketPath: "/var/run/vineyard.sock", version: Version.current)
    expected.socketMode = 0o770
    expected.rpcPort = 9600
    expected.rpcHost = "127.0.0.1"
    expected.endpointHost = "127.0.0.1"
    expected.metricsHost = "127.0.0.1"
    expected.hugePages = .auto
    expected.populate = .ahead
    expected.deletedMemory = .reuse
    expected.overwrite = .keep
    expected.streamThreshold = 80
    expected.deployment = "local"
    expected.hostname = "host"
    expected.nodename = "host"
    let options = try #require(self.options())
    #expect("\(options.server)" == "\(expected)")
    #expect(options.logLevel == .info && !options.dumpsCore)
  }

  @Test func `every setting can be given`() throws {
    let flags = """
      --socket /s --socket_mode 0660 --socket_group staff --rpc_socket_port 0 --rpc_host 10.0.0.1
      --metrics_port 9090 --metrics_host ::1 --htpasswd /h --admin_token_file /t
      --size 1.5Gi --huge_pages thp --populate off --stream_threshold 0
      --copies_limit 25% --volume_copies_limit 512Mi --deleted_memory keep --overwrite delete --allow_cluster_scope --deployment distributed --verbose --metrics
      --coredump
      """
    let environment = ["MY_HOST_NAME": "10.0.0.1", "MY_NODE_NAME": "node", "USER": "pod"]
    var expected = ServerConfiguration(socketPath: "/s", version: Version.current)
    expected.socketMode = 0o660
    expected.socketGroup = 50
    expected.rpcPort = 0
    expected.rpcHost = "10.0.0.1"
    expected.metricsHost = "::1"
    expected.metricsPort = 9090
    expected.htpasswd = "/h"
    expected.adminTokenFile = "/t"
    expected.allowsClusterScope = true
    expected.memoryLimit = 3 << 29
    expected.hugePages = .thp
    expected.populate = .off
    expected.deletedMemory = .keep
    expected.overwrite = .delete
    expected.streamThreshold = 0
    expected.copiesLimit = .percent(25)
    expected.volumeCopiesLimit = .bytes(512 << 20)
    expected.deployment = "distributed"
    expected.hostname = "10.0.0.1"
    expected.nodename = "node"
    expected.metricsUser = "pod"
    let options = try #require(self.options(flags, environment))
    #expect("\(options.server)" == "\(expected)")
    #expect(options.logLevel == .debug && options.dumpsCore)
  }

  @Test func `everything about etcd can be given`() throws {
    let flags = """
      --meta etcd --etcd_endpoint https://a,https://[::1]:1 --etcd_prefix p --etcd_ca_file /ca --etcd_cert_file /c
      --etcd_key_file /k --etcd_user u --meta_timeout 5 --meta_lease 2 --meta_silence 3
      """
    let etcd = try #require(self.options(flags, ["VINEYARD_ETCD_PASSWORD": "secret"])?.etcd)
    #expect(etcd.endpoints.map(\.description) == ["https://a:2379", "https://[::1]:1"] && etcd.prefix == "p")
    #expect(etcd.tls == EtcdTLS(authorities: "/ca", identity: .init(certificate: "/c", key: "/k")))
    #expect(etcd.credentials == EtcdCredentials(user: "u", password: "secret") && etcd.timeout == .seconds(5))
    #expect(etcd.timing.lease == .seconds(2) && etcd.timing.silence == .seconds(3) && etcd.timing.beat == .seconds(1))
    #expect(self.options("--meta etcd")?.etcd?.timeout == nil)
  }

  @Test(arguments: [
    (["HOME": "/home/u"], "/var/run/vineyard.sock"),
    (["HOME": "/home/u", "READ_ONLY": "1"], "/home/u/.local/vineyard/vineyard.sock"),
  ])
  func `the socket is put where this user may write`(_ environment: [String: String], _ path: String) {
    #expect(options("", environment)?.server.socketPath == path)
  }

  @Test func `without a place for the socket the daemon does not start`() {
    let world = World(environment: ["READ_ONLY": "1"])
    #expect(world.run("vineyardd") == .failed)
    #expect(world.errors.hasPrefix("error: no place for the IPC socket: "))
  }

  @Test func `in Kubernetes everybody may connect unless told otherwise`() {
    let pod = ["KUBERNETES_SERVICE_HOST": "10.96.0.1"]
    #expect(options("", pod)?.server.socketMode == 0o777)
    #expect(options("--socket_mode=0o750", pod)?.server.socketMode == 0o750)
    #expect(options("", ["KUBERNETES_SERVICE_HOST": ""])?.server.socketMode == 0o770)
  }

  @Test(arguments: ["--rpc_host", "--metrics_host"])
  func `sockets listen where told, by default on loopback, and in a pod everywhere`(_ flag: String) {
    let host = { (options: VineyarddOptions?) in
      flag == "--rpc_host" ? options?.server.rpcHost : options?.server.metricsHost
    }
    let pod = ["KUBERNETES_SERVICE_HOST": "10.96.0.1"]
    #expect(host(options()) == "127.0.0.1")
    #expect(host(options("", pod)) == .some(nil))
    #expect(host(options("\(flag)=10.1.2.3", pod)) == "10.1.2.3")
    #expect(host(options("\(flag)=localhost")) == "127.0.0.1")
    for all in ["0.0.0.0", "::", "*"] { #expect(host(options("\(flag)=\(all)")) == .some(nil)) }
  }

  @Test func `the endpoint that is told to clients is one that is listened on`() {
    #expect(options()?.server.endpointHost == "127.0.0.1")
    #expect(options("", ["MY_HOST_NAME": "h"])?.server.endpointHost == .some(nil))
    #expect(options("--rpc_host=0.0.0.0")?.server.endpointHost == .some(nil))
  }

  @Test func `in a pod the kubelet and the downward API say how much memory there is`() {
    let pod = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "VINEYARDD_MEMORY_LIMIT": "3650000000"]
    #expect(options("", pod)?.server.memoryVolume == "/dev/shm")
    #expect(options("", pod)?.server.nodeMemory == 3_650_000_000)
    #expect(options()?.server.memoryVolume == .some(nil) && options()?.server.nodeMemory == .some(nil))
  }

  @Test(arguments: [
    ("--size=-5", "invalid --size '-5': it is negative"), ("--size -1G", "invalid --size '-1G': it is negative"),
    ("--size=1k", "invalid --size '1k': a store has 4096 bytes at least"),
    ("--size=0.1", "invalid --size '0.1': a store has 4096 bytes at least"),
    ("--htpasswd=/missing/h", "invalid --htpasswd '/missing/h': No such file or directory"),
    ("--admin_token_file=/missing/t", "invalid --admin_token_file '/missing/t': No such file or directory"),
    ("--rpc_host=vineyard.test", "invalid --rpc_host 'vineyard.test': it is no address"),
    ("--metrics_host=1.2.3", "invalid --metrics_host '1.2.3': it is no address"),
    ("--metrics_port=9600", "--rpc_socket_port and --metrics_port are both 9600"),
    ("--socket_mode=0", "with --socket_mode 0 nobody could connect"),
    ("--stream_threshold=101", "invalid --stream_threshold 101"),
    ("--copies_limit=0", "invalid --copies_limit '0': it is not above zero"),
    ("--copies_limit=120%", "invalid --copies_limit '120%': a share is 1% to 100%"),
    ("--size=1G --copies_limit=2G", "invalid --copies_limit '2G': it is more than --size 1G"),
    ("--volume_copies_limit=much", "invalid --volume_copies_limit 'much'"),
  ])
  func `what makes no sense is refused in one line with a hint`(_ flags: String, _ error: String) {
    let world = World()
    let words = flags.split(separator: " ").map(String.init)
    #expect(world.run(["vineyardd"] + words) == .usage)
    #expect(world.errors.hasPrefix("error: \(error) (hint: "), "\(world.errors)")
    #expect(world.started == nil)
  }

  @Test func `the token of a pod may come later`() {
    let world = World(environment: ["KUBERNETES_SERVICE_HOST": "10.96.0.1"])
    #expect(world.run("vineyardd", "--admin_token_file=/missing/t") == .ok)
    #expect(world.log.count == 1 && world.log[0].hasPrefix("WARN  --admin_token_file /missing/t cannot be read yet"))
  }

  @Test func `the node is named after the advertised host unless it has a name of its own`() {
    #expect(options("", ["MY_HOST_NAME": "h"])?.server.nodename == "h")
    #expect(options("", ["MY_NODE_NAME": "n"])?.server.hostname == "host")
  }

  @Test(arguments: [
    ("", Logger.Level.info), ("--v=0", .info), ("--v=1", .debug), ("-v 11", .debug), ("--verbose", .debug),
    ("--minloglevel=1", .warning), ("--minloglevel=3", .error), ("--verbose --minloglevel=1", .warning),
  ])
  func `the log level follows glog's flags`(_ flags: String, _ level: Logger.Level) {
    #expect(options(flags)?.logLevel == level)
  }

  @Test func `other switches`() {
    #expect(options("--norpc")?.server.rpcPort == .some(nil))
    #expect(options("--prometheus")?.server.metricsUser == "v6d")
    #expect(options("--reserve_memory")?.server.populate == .all)
    #expect(options("--reserve_memory --populate all")?.server.populate == .all)
    #expect(options("--socket_group 1000")?.server.socketGroup == 1000)
    #expect(options("--size 0")?.server.memoryLimit == .some(nil))
    #expect(options("", ["GLOG_v": "11"])?.logLevel == .debug)
  }

  private func options(_ flags: String = "", _ environment: [String: String] = [:]) -> VineyarddOptions? {
    let world = World(environment: environment)
    let words = flags.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(world.run(["vineyardd"] + words) == .ok, "\(world.errors)")
    return world.started
  }
}
