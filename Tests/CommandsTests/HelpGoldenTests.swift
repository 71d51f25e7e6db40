import Commands
import Support
import Testing

/// Help texts are output people script and document against; run with `UPDATE_GOLDEN=1` to accept a change.
@Suite(.serialized) struct HelpGoldenTests {
  @Test(
    arguments: [
      ("help", ["vineyardctl", "--help"]), ("help", ["vineyardctl"]), ("help", ["vineyardctl", "help"]),
      ("help-version", ["vineyardctl", "version", "--help"]),
      ("help-deploy", ["vineyardctl", "deploy"]),
      ("help-deploy-vineyard-cluster", ["vineyardctl", "deploy", "vineyard-cluster", "--help"]),
      ("help-deploy-operator", ["vineyardctl", "deploy", "operator", "--help"]),
      ("help-deploy-vineyardd", ["vineyardctl", "deploy", "vineyardd", "--help"]),
      ("help-deploy-vineyard-deployment", ["vineyardctl", "deploy", "vineyard-deployment", "--help"]),
      ("help-deploy-csidriver", ["vineyardctl", "deploy", "csidriver", "--help"]),
      ("help-delete", ["vineyardctl", "delete"]),
      ("help-delete-vineyard-cluster", ["vineyardctl", "delete", "vineyard-cluster", "--help"]),
      ("help-delete-csidriver", ["vineyardctl", "delete", "csidriver", "--help"]),
      ("help-diff", ["vineyardctl", "diff"]),
      ("help-diff-vineyard-cluster", ["vineyardctl", "diff", "vineyard-cluster", "--help"]),
      ("help-render", ["vineyardctl", "render", "--help"]),
      ("help-analyze", ["vineyardctl", "analyze", "--help"]), ("help-check", ["vineyardctl", "check", "--help"]),
      ("help-status", ["vineyardctl", "status", "--help"]), ("help-probe", ["vineyardctl", "probe", "--help"]),
      ("help-ls", ["vineyardctl", "ls"]), ("help-ls-objects", ["vineyardctl", "ls", "objects", "--help"]),
      ("help-get", ["vineyardctl", "get"]), ("help-get-object", ["vineyardctl", "get", "object", "--help"]),
      ("help-put", ["vineyardctl", "put", "--help"]), ("help-rm", ["vineyardctl", "rm", "--help"]),
      ("help-names", ["vineyardctl", "names"]), ("help-top", ["vineyardctl", "top", "--help"]),
      ("help-debug", ["vineyardctl", "debug"]), ("help-debug-pod", ["vineyardctl", "debug", "pod", "--help"]),
      ("help-logs", ["vineyardctl", "logs", "--help"]), ("help-events", ["vineyardctl", "events", "--help"]),
      ("help-sysdump", ["vineyardctl", "sysdump", "--help"]), ("help-test", ["vineyardctl", "test", "--help"]),
      ("help-etcd-member", ["vineyardctl", "etcd-member", "--help"]),
      ("help-csi", ["vineyardctl", "csi", "--help"]), ("help-manager", ["vineyardctl", "manager", "--help"]),
      ("help-completion", ["vineyardctl", "completion", "--help"]),
      ("help-vineyardd", ["vineyardctl", "vineyardd", "--help"]),
      ("help-vineyardd", ["vineyardctl", "help", "vineyardd"]),
      ("help-as-vineyardd", ["vineyardd", "-help"]),
    ] as [(String, [String])])
  func `help is as recorded`(_ name: String, _ commandLine: [String]) throws {
    let world = World()
    #expect(world.run(commandLine) == .ok)
    #expect(world.errors.isEmpty)
    try Golden.check(world.output, name)
  }
}
