import Support
import Testing

@Suite struct HostFactsTests {
  @Test func `the machine has a name, a root group and a writable temporary directory`() {
    let host = HostFacts.current
    #expect(!host.hostName().isEmpty)
    #expect(host.groupID("root") == 0)
    #expect(host.groupID("no-such-group-here") == nil)
    #expect(host.isWritable("/tmp"))
    #expect(!host.isWritable("/nonexistent"))
    #expect(host.environment("NO_SUCH_VARIABLE_HERE") == nil)
    #expect(host.nonEmpty("PATH") != nil)
  }
}
