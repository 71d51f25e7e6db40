import ArgumentParser
import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// The group of commands that list what stores have.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List what is in the stores.",
    discussion: StoreArguments.ways.withExamples(
      "vineyardctl ls objects", "vineyardctl ls volumes -n vineyard-system",
      "vineyardctl ls names --ipc-socket /tmp/demo/vineyard.sock"),
    subcommands: [
      ListObjects.self, ListMetadatas.self, ListBlobs.self, ListNames.self, ListVolumes.self, ListInstances.self,
    ])
}

extension StoreArguments {
  /// How stores are found, for the help of the groups of commands.
  static let ways = """
    Which stores: the one behind --ipc-socket or --rpc-socket, or that of $VINEYARD_IPC_SOCKET or $VINEYARD_RPC_SOCKET; \
    otherwise all stores of the namespace, each through a port-forward to its pod. Volumes are looked into with the admin \
    token of the cluster's Secret. Exit status: 0 done, 1 no store answers, 4 nothing there.
    """
}

/// The flags that choose objects, with the original's names.
struct SelectionArguments: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("Objects shown at most; 0 for all.", valueName: "number"))
  var limit = 100

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Wildcard for the type name, such as 'vineyard::Tensor*'.", valueName: "pattern"))
  var pattern = "*"

  @Flag(name: .shortAndLong, help: "The pattern is a regular expression for the whole name.")
  var regex = false

  @Option(
    name: [.customShort("k"), .customLong("sorted-key")],
    help: ArgumentHelp("Order of the list.", valueName: "key"))
  var order = ObjectOrder.id

  mutating func validate() throws {
    guard limit < 0 else { return }
    throw ProgramError(.usage, "invalid --limit \(limit)", hint: "give a number, 0 for all")
  }
}

extension ObjectOrder: ExpressibleByArgument {}

/// Lists objects.
struct ListObjects: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "objects", abstract: "List the objects of the stores: what they are, how large, and where.",
    discussion: """
      Objects that are parts of others, such as the columns of a frame, are left out unless --all or a pattern asks for \
      them. COPIES counts the stores that have an object or a copy that a client had made of it.
      """.withExamples(
        "vineyardctl ls objects -k bytes -l 10", "vineyardctl ls objects --claim default/data",
        "vineyardctl ls objects -p 'vineyard::DataFrame' -o json"))

  @OptionGroup var selection: SelectionArguments

  @Flag(help: "Show parts of other objects, too.")
  var all = false

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    var question = ObjectQuestion(selection)
    question.isOfWholes = true
    // A pattern that takes everything stands for wholes; any other one may name parts.
    if all, question.pattern == "*", !question.isRegex { (question.pattern, question.isRegex) = (".*", true) }
    let listing = try await ObjectListing(stores, scope, question, context)
    context.print(PrintableEntries(objects: listing.objects, now: unixMilliseconds()), format.output)
    listing.report(context, limit: selection.limit)
  }
}

/// Lists metadata.
struct ListMetadatas: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "metadatas", abstract: "List the metadata of objects and blobs as the store has it.",
    discussion: "".withExamples("vineyardctl ls metadatas -p 'vineyard::*' -l 20 -o json"))

  @OptionGroup var selection: SelectionArguments
  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    var question = ObjectQuestion(selection)
    question.isOfWholes = false
    let listing = try await ObjectListing(stores, scope, question, context)
    context.print(PrintableMetadata(objects: listing.objects), format.output)
    listing.report(context, limit: selection.limit)
  }
}

/// Lists blobs.
struct ListBlobs: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "blobs", abstract: "List the blobs of the stores with their bytes.",
    discussion: "'vineyardctl get blob ID' shows what is in one.".withExamples("vineyardctl ls blobs -l 20"))

  @Option(name: .shortAndLong, help: ArgumentHelp("Blobs shown at most; 0 for all.", valueName: "number"))
  var limit = 100

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws {
    if limit < 0 { throw ProgramError(.usage, "invalid --limit \(limit)", hint: "give a number, 0 for all") }
  }

  mutating func run(_ context: CommandContext) async throws {
    var question = ObjectQuestion()
    question.pattern = "vineyard::Blob"
    question.isOfWholes = false
    question.limit = limit
    let listing = try await ObjectListing(stores, scope, question, context)
    context.print(PrintableMetadata(objects: listing.objects), format.output)
    listing.report(context, limit: limit)
  }
}

extension ObjectQuestion {
  fileprivate init(_ selection: SelectionArguments) {
    self.init()
    pattern = selection.pattern
    isRegex = selection.regex
    order = selection.order
    limit = selection.limit
  }
}

extension CommandContext {
  /// Prints data; what a terminal could obey is escaped in it.
  func print(_ data: some PrintableData, _ format: OutputFormat) {
    let text = format.text(data, outputPalette)
    output(format == .json ? text.jsonForTerminals : text)
  }

  /// Writes a line about what the data does not say.
  func note(_ line: String) { errorOutput("\(line.onOneLine)\n") }
}
