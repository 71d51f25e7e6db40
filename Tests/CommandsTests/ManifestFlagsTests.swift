import ArgumentParser
import KubernetesObjects
import Manifests
import StoreCore
import StoreServer
import Support
import Testing

@testable import Commands

/// What the manifests start is a command line that this program takes.
@Suite struct ManifestFlagsTests {
  private func store(_ change: (inout VineyarddSpec) -> Void) throws -> [String] {
    var spec = VineyarddSpec()
    change(&spec)
    let deployment = try #require(
      try Manifests.vineyardd(spec, uid: nil, controlledByOperator: false).first { $0.kind == "Deployment" })
    let container = try #require(deployment.tree["spec", "template", "spec", "containers"]?[0])
    let words = (container["command"]?.array ?? []) + (container["args"]?.array ?? [])
    return words.compactMap(\.string)
  }

  @Test func `a store starts without a word of warning`() throws {
    let world = World()
    #expect(world.run(try store { _ in }) == .ok)
    #expect(world.log.isEmpty && world.errors.isEmpty)
    #expect(world.started?.server.socketPath == "/var/run/vineyard.sock")
    #expect(world.started?.server.rpcPort == 9600)
    #expect(world.started?.server.metricsPort == 9601)
    #expect(world.started?.server.memoryLimit == nil)
    #expect(world.started?.server.adminTokenFile == "/etc/vineyard/admin-token/token")
  }

  @Test func `size, reserve and streams reach the store`() throws {
    let world = World()
    let commandLine = try store { spec in
      spec.store.size = "4Gi"
      spec.store.reserveMemory = true
      spec.store.streamThreshold = 60
    }
    #expect(world.run(commandLine) == .ok)
    #expect(world.log.isEmpty)
    #expect(world.started?.server.memoryLimit == 4 << 30)
    #expect(world.started?.server.populate == .all)
    #expect(world.started?.server.streamThreshold == 60)
  }

  @Test func `spilling is taken with a warning until there is some`() throws {
    let world = World()
    let commandLine = try store { spec in
      spec.store.spill.name = "overflow"
      spec.store.spill.path = "/spill"
      spec.store.spill.spillLowerRate = "0.4"
    }
    #expect(world.run(commandLine) == .ok)
    #expect(world.log.count == 2)
  }

  @Test func `both halves of the driver start with flags that it has`() throws {
    var spec = CSIDriverSpec()
    spec.clusters = [CSIDriverSpec.Cluster(namespace: "research", name: "numbers")]
    spec.enableVerboseLog = true
    var modes: [String: CSICommand.Mode] = [:]
    for object in try Manifests.csiDriver(spec, namespace: "storage") {
      for container in object.tree["spec", "template", "spec", "containers"]?.array ?? [] {
        guard container["command"] == ["/vineyardctl"] else { continue }
        let arguments = (container["args"]?.array ?? []).compactMap(\.string)
        let command = try #require(try Vineyardctl.parseAsRoot(arguments) as? CSICommand)
        #expect(command.endpoint == "unix:///csi/csi.sock" && command.metricsPort == 9812 && command.verbose)
        modes[object.kind] = command.mode
      }
    }
    #expect(modes == ["Deployment": .controller, "DaemonSet": .node])
  }
}
