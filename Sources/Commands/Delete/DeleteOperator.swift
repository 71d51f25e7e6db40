import ArgumentParser
import Deployer

/// Deletes the operator.
struct DeleteOperator: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: OperatorTarget.commandName, abstract: "Delete \(OperatorTarget.summary).",
    discussion: """
      Clusters and drivers go on running without it. The definitions stay as long as there are resources of them.
      """.withExamples("vineyardctl delete operator --namespace vineyard-system"))

  @OptionGroup var arguments: DeleteArguments

  mutating func run(_ context: CommandContext) async throws {
    let removal = try Removal(arguments, context)
    try await removal.requireOperatorHere()
    try await removal.remove(
      Removal.Request(
        title: "vineyard operator in \(arguments.namespace)",
        objects: try OperatorTarget.allObjects(in: arguments.namespace)))
  }
}
