import Deployer
import KubernetesClient
import Support

/// What a command needs to talk to a cluster and to a person.
struct Session: Sendable {
  let story: Story
  let log: Log
  private let options: ConnectionOptions
  private let context: CommandContext

  init(_ connection: ConnectionArguments, _ context: CommandContext) {
    log = connection.log(context)
    options = connection.options
    self.context = context
    story = Story(columns: context.errorColumns, palette: context.errorPalette, write: context.errorOutput)
  }

  /// A client of the cluster that the flags and the kubeconfig name.
  ///
  /// - Throws: `CommandError` when there is no such cluster.
  func client() throws -> KubernetesClient {
    KubernetesClient(try ClientConfiguration.resolve(options, sources: context.configurationSources), log: log)
  }
}
