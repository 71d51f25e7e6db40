import ArgumentParser
import KubernetesClient
import Support
import Testing

@testable import Commands

@Suite struct ConnectionArgumentsTests {
  @Test func `the flags say how to connect`() throws {
    let arguments = try ConnectionArguments.parse([
      "--kubeconfig=/k", "--context=c", "--as=u", "--server=https://s", "--insecure-skip-tls-verify",
      "--request-timeout=1m30s", "--namespace=n",
    ])
    #expect(
      arguments.options
        == ConnectionOptions(
          kubeconfig: "/k", context: "c", impersonate: "u", server: "https://s", skipsTLSVerification: true,
          requestTimeout: 90))
    #expect(arguments.namespace == "n")
  }

  @Test func `without flags everything comes from elsewhere`() throws {
    let arguments = try ConnectionArguments.parse([])
    #expect(arguments.options == ConnectionOptions())
    #expect(arguments.namespace == "vineyard-system")
  }

  @Test(arguments: [("30", 30.0), ("0", 0), ("500ms", 0.5)])
  func `a request timeout is a duration or seconds`(_ text: String, _ seconds: Double) throws {
    #expect(try ConnectionArguments.parse(["--request-timeout", text]).options.requestTimeout == seconds)
  }

  @Test func `the cluster is found in the world of the command`() throws {
    let kubeconfig = """
      clusters: [{name: c, cluster: {server: 'https://c'}}]
      contexts: [{name: c, context: {cluster: c, namespace: apps}}]
      """
    let world = World(environment: ["HOME": "/h"], files: ["/h/.kube/config": kubeconfig])
    func resolve(_ arguments: ConnectionArguments) throws -> ClientConfiguration {
      try ClientConfiguration.resolve(arguments.options, sources: world.context.configurationSources)
    }
    let arguments = try ConnectionArguments.parse(["--context=c"])
    #expect(try resolve(arguments).server == "https://c")
    #expect(arguments.namespace == "vineyard-system")
    let error = try #require(throws: ProgramError.self) {
      try resolve(try ConnectionArguments.parse(["--context=d"]))
    }
    #expect(error.code == .failed)
  }

  @Test func `waiting has a limit unless it is zero`() throws {
    #expect(try WaitArguments.parse([]).limit == .seconds(300))
    #expect(try WaitArguments.parse(["--timeout=10"]).limit == .seconds(10))
    #expect(try WaitArguments.parse(["--timeout=0s"]).limit == nil)
  }

  @Test func `verbose commands log what is for developers`() throws {
    let world = World()
    #expect(try ConnectionArguments.parse(["--verbose"]).log(world.context).isVerbose)
    #expect(try ConnectionArguments.parse([]).log(world.context).isVerbose == false)
  }
}
