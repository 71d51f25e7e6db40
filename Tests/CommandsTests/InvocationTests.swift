import Commands
import StoreServer
import Support
import Testing

@Suite struct InvocationTests {
  @Test(arguments: ["vineyardd", "/usr/local/bin/vineyardd", "./vineyardd"])
  func `called under the name vineyardd it is the daemon`(_ name: String) {
    let world = World()
    #expect(world.run([name, "-size", "64M", "--norpc"]) == .ok)
    #expect(world.started?.server.memoryLimit == 64 << 20)
    #expect(world.started?.server.rpcPort == nil)
  }

  @Test func `the subcommand and the name take the same flags`() {
    let (byName, byCommand) = (World(), World())
    let flags = ["--rpc-socket-port=7", "-metrics", "--socket", "/s"]
    #expect(byName.run(["vineyardd"] + flags) == .ok)
    #expect(byCommand.run(["vineyardctl", "vineyardd"] + flags) == .ok)
    #expect(byName.started != nil)
    #expect(String(describing: byName.started) == String(describing: byCommand.started))
  }

  @Test(arguments: [
    ["vineyardd", "--version"], ["vineyardd", "-version"], ["vineyardctl", "vineyardd", "--version"],
  ])
  func `the daemon's version begins with the original's line`(_ commandLine: [String]) {
    let world = World()
    #expect(world.run(commandLine) == .ok)
    #expect(world.output == "vineyardd version 0.24.2\nvineyardctl 0.1.0\n")
    #expect(world.started == nil)
  }

  @Test(arguments: [
    ("version", "client    0.1.0\nprotocol  0.24.2\n"), ("--version", "vineyardctl version 0.1.0 (protocol 0.24.2)\n"),
    ("version -o json", "{\n  \"client\": \"0.1.0\",\n  \"protocol\": \"0.24.2\"\n}\n"),
    ("version --output=yaml", "client: \"0.1.0\"\nprotocol: \"0.24.2\"\n"),
  ])
  func `the version is printed in the format asked for`(_ line: String, _ output: String) {
    let world = World()
    #expect(world.run(["vineyardctl"] + line.split(separator: " ").map(String.init)) == .ok)
    #expect(world.output == output)
    #expect(world.errors.isEmpty)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `a shell completion script is printed`(_ shell: String) {
    let world = World()
    #expect(world.run("--generate-completion-script", shell) == .ok)
    #expect(world.output.contains("vineyardctl") && world.output.contains("rpc_socket_port"))
  }

  @Test func `an error of the daemon is one line and status 1`() {
    let world = World()
    #expect(world.run("vineyardd", "--flagfile=/none") == .failed)
    #expect(world.errors == "error: cannot open /none\n")
  }
}
