import Support
import Testing

@testable import Commands

@Suite struct VineyarddOptionsTests {
  @Test func `without flags the defaults are the original's, or the design's where it differs`() {
    #expect(
      options()
        == VineyarddOptions(
          socketPath: "/var/run/vineyard.sock", socketMode: 0o770, socketGroup: nil, rpcPort: 9600, metricsPort: nil,
          htpasswd: nil, memoryLimit: nil, hugePages: .auto, populate: .ahead, streamThreshold: 80, deployment: .local,
          hostname: "host", nodename: "host", logLevel: .info, logsMetrics: false, metricsUser: "v6d", dumpsCore: false)
    )
  }

  @Test func `every setting can be given`() {
    let flags = """
      --socket /s --socket_mode 0660 --socket_group staff --rpc_socket_port 0 --metrics_port 9090 --htpasswd /h
      --size 1.5Gi --huge_pages thp --populate off --stream_threshold 0 --deployment distributed --verbose --metrics
      --coredump
      """
    let environment = ["MY_HOST_NAME": "10.0.0.1", "MY_NODE_NAME": "node", "USER": "pod"]
    #expect(
      options(flags, environment)
        == VineyarddOptions(
          socketPath: "/s", socketMode: 0o660, socketGroup: 50, rpcPort: 0, metricsPort: 9090, htpasswd: "/h",
          memoryLimit: 3 << 29, hugePages: .thp, populate: .off, streamThreshold: 0, deployment: .distributed,
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
