import ArgumentParser
import Documents
import EtcdClient
import Support

/// Prepares the start of a member of etcd; what Kubernetes runs in the pod of a member first.
struct EtcdMemberCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "etcd-member", abstract: "Write the configuration with which a member of etcd starts.",
    discussion: """
      A member with data, and every member of a cluster that does not exist yet, starts as the flags of etcd behind -- \
      say. A member without data, which its cluster knows or is to take in, is first added by the others, in place of \
      its former self.
      """.withExamples("vineyardctl etcd-member --config-file etcd.yaml -- --name=etcd-0 …"))

  @Option(help: ArgumentHelp("The configuration to write.", valueName: "file"), completion: .file())
  var configFile: String

  @Option(
    help: ArgumentHelp("Certificate for the client port of the other members, PEM.", valueName: "file"),
    completion: .file())
  var certFile: String?

  @Option(help: ArgumentHelp("Key of that certificate.", valueName: "file"), completion: .file())
  var keyFile: String?

  @Option(
    help: ArgumentHelp(
      "Time without an answer after which there is no cluster yet, such as 10s.", valueName: "duration"))
  var patience = "10s"

  @Option(help: ArgumentHelp("Longest time for joining a cluster that exists.", valueName: "duration"))
  var timeout = "5m"

  @Argument(parsing: .postTerminator, help: ArgumentHelp("Flags of etcd.", valueName: "etcd-flags"))
  var etcdFlags: [String] = []

  mutating func run(_ context: CommandContext) async throws {
    let flags = try EtcdFlags(etcdFlags)
    let preparation = MemberPreparation(
      flags: flags, tls: try tls(flags), patience: .seconds(try TimeSpan.parse(patience).seconds),
      timeout: .seconds(try TimeSpan.parse(timeout).seconds), log: context.log)
    try context.writeFile(configFile, try await preparation.configuration().yaml)
  }

  private func tls(_ flags: EtcdFlags) throws -> EtcdTLS? {
    switch (certFile, keyFile) {
    case (let certificate?, let key?):
      return EtcdTLS(
        authorities: flags["trusted-ca-file"], identity: .init(certificate: certificate, key: key))
    case (nil, nil): return flags["trusted-ca-file"].map { EtcdTLS(authorities: $0) }
    default:
      throw ProgramError(.usage, "--cert-file and --key-file belong together", hint: "give both or none")
    }
  }
}
