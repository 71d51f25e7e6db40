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
