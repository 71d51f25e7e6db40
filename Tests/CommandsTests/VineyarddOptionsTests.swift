import Support
import Testing

@testable import Commands

@Suite struct VineyarddOptionsTests {
  @Test func `without flags the defaults are the original's, or the design's where it differs`() {
    #expect(
      options()
        == VineyarddOptions(
          socketPath: "/var/run/vineyard.sock", socketMode: 0o770, socketGroup: nil, rpcPort: 9600,
          rpcHost: "127.0.0.1", endpointHost: "127.0.0.1", metricsHost: "127.0.0.1", metricsPort: nil, htpasswd: nil,
          allowsClusterScope: false,
          memoryLimit: nil, hugePages: .auto, populate: .ahead, deletedMemory: .reuse, overwrite: .keep,
          streamThreshold: 80, deployment: .local,
          hostname: "host", nodename: "host", logLevel: .info, logsMetrics: false, metricsUser: "v6d", dumpsCore: false)
    )
  }

  @Test func `every setting can be given`() {
    let flags = """
      --socket /s --socket_mode 0660 --socket_group staff --rpc_socket_port 0 --rpc_host 10.0.0.1
      --metrics_port 9090 --metrics_host ::1 --htpasswd /h
      --size 1.5Gi --huge_pages thp --populate off --stream_threshold 0
      --deleted_memory keep --overwrite delete --allow_cluster_scope --deployment distributed --verbose --metrics
      --coredump
      """
    let environment = ["MY_HOST_NAME": "10.0.0.1", "MY_NODE_NAME": "node", "USER": "pod"]
    #expect(
      options(flags, environment)
        == VineyarddOptions(
          socketPath: "/s", socketMode: 0o660, socketGroup: 50, rpcPort: 0, rpcHost: "10.0.0.1", metricsHost: "::1",
          metricsPort: 9090, htpasswd: "/h", allowsClusterScope: true,
          memoryLimit: 3 << 29, hugePages: .thp, populate: .off, deletedMemory: .keep, overwrite: .delete,
          streamThreshold: 0, deployment: .distributed,
          hostname: "10.0.0.1", nodename: "node", logLevel: .debug, logsMetrics: true, metricsUser: "pod",
          dumpsCore: true))
  }

  @Test(arguments: [
    (["HOME": "/home/u"], "/var/run/vineyard.sock"),
    (["HOME": "/home/u", "READ_ONLY": "1"], "/home/u/.local/vineyard/vineyard.sock"),
  ])
  func `the socket is put where this user may write`(_ environment: [String: String], _ path: String) {
    #expect(options("", environment)?.socketPath == path)
  }

  @Test func `without a place for the socket the daemon does not start`() {
    let world = World(environment: ["READ_ONLY": "1"])
    #expect(world.run("vineyardd") == .failed)
    #expect(world.errors.hasPrefix("error: no place for the IPC socket: "))
  }

  @Test func `in Kubernetes everybody may connect unless told otherwise`() {
    let pod = ["KUBERNETES_SERVICE_HOST": "10.96.0.1"]
    #expect(options("", pod)?.socketMode == 0o777)
    #expect(options("--socket_mode=0o750", pod)?.socketMode == 0o750)
    #expect(options("", ["KUBERNETES_SERVICE_HOST": ""])?.socketMode == 0o770)
  }

  @Test(arguments: ["--rpc_host", "--metrics_host"])
  func `sockets listen where told, by default on loopback, and in a pod everywhere`(_ flag: String) {
    let host = { (options: VineyarddOptions?) in flag == "--rpc_host" ? options?.rpcHost : options?.metricsHost }
    let pod = ["KUBERNETES_SERVICE_HOST": "10.96.0.1"]
    #expect(host(options()) == "127.0.0.1")
    #expect(host(options("", pod)) == .some(nil))
    #expect(host(options("\(flag)=10.1.2.3", pod)) == "10.1.2.3")
    #expect(host(options("\(flag)=localhost")) == "127.0.0.1")
    for all in ["0.0.0.0", "::", "*"] { #expect(host(options("\(flag)=\(all)")) == .some(nil)) }
  }

  @Test func `the endpoint that is told to clients is one that is listened on`() {
    #expect(options()?.endpointHost == "127.0.0.1")
    #expect(options("", ["MY_HOST_NAME": "h"])?.endpointHost == .some(nil))
    #expect(options("--rpc_host=0.0.0.0")?.endpointHost == .some(nil))
  }

  @Test func `in a pod the kubelet and the downward API say how much memory there is`() {
    let pod = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "VINEYARDD_MEMORY_LIMIT": "3650000000"]
    #expect(options("", pod)?.memoryVolume == "/dev/shm")
    #expect(options("", pod)?.nodeMemory == 3_650_000_000)
    #expect(options()?.memoryVolume == .some(nil) && options()?.nodeMemory == .some(nil))
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
    #expect(options("", ["MY_HOST_NAME": "h"])?.nodename == "h")
    #expect(options("", ["MY_NODE_NAME": "n"])?.hostname == "host")
  }

  @Test(arguments: [
    ("", Log.Level.info), ("--v=0", .info), ("--v=1", .debug), ("-v 11", .debug), ("--verbose", .debug),
    ("--minloglevel=1", .warning), ("--minloglevel=3", .error), ("--verbose --minloglevel=1", .warning),
  ])
  func `the log level follows glog's flags`(_ flags: String, _ level: Log.Level) {
    #expect(options(flags)?.logLevel == level)
  }

  @Test func `other switches`() {
    #expect(options("--norpc")?.rpcPort == .some(nil))
    #expect(options("--prometheus")?.logsMetrics == true)
    #expect(options("--reserve_memory")?.populate == .all)
    #expect(options("--reserve_memory --populate all")?.populate == .all)
    #expect(options("--socket_group 1000")?.socketGroup == 1000)
    #expect(options("--size 0")?.memoryLimit == .some(nil))
    #expect(options("", ["GLOG_v": "11"])?.logLevel == .debug)
  }

  private func options(_ flags: String = "", _ environment: [String: String] = [:]) -> VineyarddOptions? {
    let world = World(environment: environment)
    let words = flags.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(world.run(["vineyardd"] + words) == .ok, "\(world.errors)")
    return world.started
  }
}
