import ArgumentParser
import ClusterInventory
import Inspection
import StoreProtocol
import Support

/// Lists volumes.
struct ListVolumes: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "volumes", abstract: "List volumes and snapshots: their claims, their pods and what they hold.",
    discussion: """
      Claims and pods are those of the cluster; on a socket a volume's claim is the one its driver noted.
      """.withExamples("vineyardctl ls volumes", "vineyardctl ls volumes -o name"))

  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    async let claimed = targets.claims()
    let answers = try await targets.surveys()
    let claims = try await claimed
    let volumes = answers.found.flatMap { origin, survey in
      survey.volumes.map { record in
        let claim = claims?.claim(cluster: origin.cluster, volume: record.id)
        return ListedVolume(record: record, origin: origin, claimed: record.kind == .volume ? claim : nil)
      }
    }
    context.print(PrintableVolumes(volumes: volumes, now: unixMilliseconds()), format.output)
    for note in targets.notes + answers.notes + answers.found.flatMap(\.answer.notes) {
      context.note("not shown: \(note)")
    }
  }
}

/// Lists stores.
struct ListInstances: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "instances", abstract: "List the stores with their memory, volumes and clients.",
    discussion: "'vineyardctl get cluster-info' shows what stores that share an etcd know of each other."
      .withExamples("vineyardctl ls instances -o json"))

  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    let answers = try await targets.surveys()
    context.print(
      PrintableStores(entries: answers.found.map { .init(survey: $0.answer, origin: $0.origin) }), format.output)
    for note in targets.notes + answers.notes + answers.found.flatMap(\.answer.notes) {
      context.note("not shown: \(note)")
    }
  }
}

extension StoreTargets {
  /// The state of each store.
  ///
  /// - Throws: `ProgramError` when no store answers.
  func surveys() async throws -> StoreAnswers<StoreSurvey> {
    try await each { (access, _) in try StoreSurvey(access) }
  }
}
