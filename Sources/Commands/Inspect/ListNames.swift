import ArgumentParser
import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// Lists names.
struct ListNames: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "names", abstract: "List the names of objects, which the paths of 'vineyard.csi' are, too.",
    discussion: "".withExamples("vineyardctl ls names -p '/vineyard/data/*'"))

  @Option(name: .shortAndLong, help: ArgumentHelp("Names shown at most; 0 for all.", valueName: "number"))
  var limit = 100

  @Option(name: .shortAndLong, help: ArgumentHelp("Wildcard for the name.", valueName: "pattern"))
  var pattern = "*"

  @Flag(name: .shortAndLong, help: "The pattern is a regular expression for the whole name.")
  var regex = false

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws {
    if limit < 0 { throw ProgramError(.usage, "invalid --limit \(limit)", hint: "give a number, 0 for all") }
  }

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    let asked = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    let (pattern, regex, most) = (pattern, regex, limit == 0 ? ObjectQuestion.mostNames : limit + 1)
    let answers = try await targets.each { (access, origin) in
      var survey = try StoreSurvey(access)
      let found = try survey.each(asked) { (connection, volume) throws(ProgramError) in
        let names = try connection.names(pattern, isRegex: regex, limit: most)
        let objects = try connection.objects(names.map(\.id))
        let types = Dictionary(objects.map { ($0.id, ObjectSummary($0).kind) }, uniquingKeysWith: { first, _ in first })
        return names.map {
          PrintableNames.Entry(name: $0, type: types[$0.id] ?? "gone", volume: volume, origin: origin)
        }
      }
      return (entries: found.flatMap { $0 }, notes: survey.notes, isShared: survey.isShared)
    }
    var seen: Set<String> = []
    var entries = answers.found.flatMap { origin, answer in
      answer.entries.filter {
        seen.insert("\(answer.isShared ? "" : origin.label)/\($0.volume ?? "")/\($0.name.name)").inserted
      }
    }
    entries.sort { ($0.name.name, $0.volume ?? "") < ($1.name.name, $1.volume ?? "") }
    let isCut = limit > 0 && entries.count > limit
    if isCut { entries.removeLast(entries.count - limit) }
    context.print(PrintableNames(entries: entries), format.output)
    for note in targets.notes + answers.notes + answers.found.flatMap(\.answer.notes) {
      context.note("not shown: \(note)")
    }
    if isCut { context.note("there are more than these \(entries.count); --limit 0 shows all") }
  }
}

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
