import ArgumentParser
import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// The group of commands that show one thing.
struct GetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Show one object, blob, name or volume of the stores.",
    discussion: StoreArguments.ways.withExamples(
      "vineyardctl get object /vineyard/data/x_train --head 5", "vineyardctl get volume pvc-7 -o yaml",
      "vineyardctl get cluster-info"),
    subcommands: [
      GetObject.self, GetMetadata.self, GetBlob.self, GetName.self, GetClusterInfo.self, GetVolume.self,
    ])
}

/// The flags of the original's commands that show an object.
struct ObjectArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("The object: its id, or one of its names.", valueName: "object"))
  var object: String?

  @Option(name: .customLong("object_id"), help: ArgumentHelp("The same, as the original has it.", valueName: "id"))
  var objectID: String?

  @Flag(name: .customLong("syncRemote"), help: "Wait for what other stores have written.")
  var syncRemote = false

  @Flag(help: "Show blobs that are still being written, too.")
  var unsafe = false

  func search(_ command: String) throws(ProgramError) -> ObjectSearch {
    try ObjectSearch(argument: object, flag: objectID, of: command)
  }
}

/// Shows an object.
struct GetObject: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "object", abstract: "Show an object: what it is, where it is, its parts and its first values.",
    discussion: """
      --head reads values of arrays, frames, series and Arrow tables from the store's memory: a few kilobytes, whatever the \
      size of the object. Pickles are shown as such, since reading one runs code of who wrote it.
      """.withExamples("vineyardctl get object x_train --head 5", "vineyardctl get object o0067e0a1b2c3d4e5 -o json"))

  @OptionGroup var object: ObjectArguments

  @Option(help: ArgumentHelp("Rows of values to show, up to \(ValuePreview.mostRows).", valueName: "rows"))
  var head = 0

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws {
    _ = try object.search("get object")
    guard !(0...ValuePreview.mostRows).contains(head) else { return }
    throw ProgramError(.usage, "invalid --head \(head)", hint: "give a number of rows, 0 to \(ValuePreview.mostRows)")
  }

  mutating func run(_ context: CommandContext) async throws {
    let search = try object.search("get object")
    let targets = try await StoreTargets(stores, context)
    let claims = try await targets.claims()
    var wish = ObjectSearch.Wish()
    wish.scope = try scope.resolved(claims)
    wish.syncs = object.syncRemote
    wish.rows = head
    let (origin, found) = try await search.find(targets, wish)
    let claim = found.volume.flatMap { claims?.claim(cluster: origin.cluster, volume: $0) }
    context.print(
      PrintableObject(found: found, origin: origin, claim: claim, now: unixMilliseconds()), format.output)
    if head > 0, found.preview == nil {
      context.note("not shown: values, since the store that has them could not be asked")
    }
  }
}

/// Shows metadata.
struct GetMetadata: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "metadata", abstract: "Show the metadata of an object as the store has it.",
    discussion: "".withExamples("vineyardctl get metadata --object_id o0067e0a1b2c3d4e5 -o json"))

  @OptionGroup var object: ObjectArguments
  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws { _ = try object.search("get metadata") }

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    var wish = ObjectSearch.Wish()
    wish.scope = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    wish.syncs = object.syncRemote
    let (origin, found) = try await object.search("get metadata").find(targets, wish)
    var entry = ObjectEntry(found.object)
    entry.volume = found.volume
    context.print(PrintableMetadata(objects: [ListedObject(entry: entry, origin: origin)]), format.output)
  }
}

/// Shows the bytes of a blob.
struct GetBlob: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "blob", abstract: "Show the bytes of a blob, or of the first blob of an object.",
    discussion: "".withExamples("vineyardctl get blob o8067e0a1b2c3d4e5 --bytes 1Ki"))

  @OptionGroup var object: ObjectArguments

  @Option(help: ArgumentHelp("Bytes to show from the beginning, up to 1Mi.", valueName: "size"))
  var bytes = "256"

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  private func count() throws -> Int {
    guard let count = try ByteSize.parse(bytes)?.bytes, count <= 1 << 20 else {
      throw ProgramError(.usage, "invalid --bytes '\(bytes)'", hint: "give a number above zero, up to 1Mi")
    }
    return Int(count)
  }

  mutating func validate() throws {
    _ = try object.search("get blob")
    _ = try count()
  }

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    var wish = ObjectSearch.Wish()
    wish.scope = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    (wish.bytes, wish.isUnsafe, wish.syncs) = (try count(), object.unsafe, object.syncRemote)
    let (origin, found) = try await object.search("get blob").find(targets, wish)
    guard let head = found.head else {
      throw ProgramError(
        .failed, "the store that has the blob could not be asked", cause: "\(origin.label) does not have it",
        hint: "'vineyardctl get object ID' says where it is")
    }
    let blob = found.object.isBlob ? found.object.id : found.object.members.first { $0.object.isBlob }?.object.id
    context.print(PrintableBytes(id: blob ?? found.object.id, size: found.bytes ?? 0, bytes: head), format.output)
  }
}

/// Shows where a name leads.
struct GetName: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "name", abstract: "Show the object that a name leads to.",
    discussion: "".withExamples("vineyardctl get name /vineyard/data/x_train -o name"))

  @Argument(help: ArgumentHelp("The name.", valueName: "text"))
  var text: String

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    let asked = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    let name = text
    let answers = try await targets.each { (access, origin) in
      var survey = try StoreSurvey(access)
      let found = try survey.each(asked) { (connection, volume) throws(ProgramError) -> PrintableNames.Entry? in
        guard let id = try connection.object(named: name) else { return nil }
        let kind = try connection.objects([id]).first.map { ObjectSummary($0).kind } ?? "gone"
        return .init(name: StoredName(name: name, id: id), type: kind, volume: volume, origin: origin)
      }
      return (entries: found.compactMap { $0 }, isShared: survey.isShared)
    }
    var seen: Set<String> = []
    let entries = answers.found.flatMap { origin, answer in
      answer.entries.filter { seen.insert("\(answer.isShared ? "" : origin.label)/\($0.volume ?? "")").inserted }
    }
    guard !entries.isEmpty else {
      throw ProgramError(
        .notFound, "there is no name '\(name.printable(120))'",
        cause: answers.notes.isEmpty ? nil : answers.notes.joined(separator: "; "),
        hint: "'vineyardctl ls names' lists them")
    }
    if format.output == .name {
      context.output(entries.map { "\($0.name.id)\n" }.joined())
    } else {
      context.print(PrintableNames(entries: entries), format.output)
    }
  }
}

/// Shows the instances of a cluster.
struct GetClusterInfo: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster-info", abstract: "Show the stores that know of each other, as the original prints them.",
    discussion: "'vineyardctl ls instances' shows what each of them holds.".withExamples(
      "vineyardctl get cluster-info -o json"))

  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    let answers = try await targets.surveys()
    let isLocal = answers.found.count > 1 && answers.found.allSatisfy { !$0.answer.isShared }
    var instances = Fields()
    for (origin, survey) in answers.found {
      for (id, record) in survey.instances {
        // Stores that share nothing all have the number 0.
        let key = isLocal ? "\(id) of \(origin.label)" : id
        if instances[key] == nil { instances[key] = record }
      }
    }
    instances.sort { ($0.key.count, $0.key) < ($1.key.count, $1.key) }
    context.print(PrintableInstances(instances: instances), format.output)
    for note in targets.notes + answers.notes { context.note("not shown: \(note)") }
  }
}

/// Shows a volume.
struct GetVolume: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "volume", abstract: "Show a volume: its claim, its pods, its limits and what it holds.",
    discussion: "".withExamples("vineyardctl get volume pvc-7", "vineyardctl get volume --claim default/data"))

  @Argument(help: ArgumentHelp("Id of the volume.", valueName: "id"))
  var id: String?

  @Option(help: ArgumentHelp("Claim of the volume, through a cluster only.", valueName: "namespace/name"))
  var claim: String?

  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  private func scope() throws -> ScopeArguments {
    guard (id == nil) != (claim == nil) else {
      throw ProgramError(.usage, "no volume is given", hint: "give its id, or --claim NAMESPACE/NAME")
    }
    var scope = try ScopeArguments.parse([])
    (scope.volume, scope.claim) = (id, claim)
    try scope.validate()
    return scope
  }

  mutating func validate() throws { _ = try scope() }

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    let claims = try await targets.claims()
    guard case .volume(let wanted) = try scope().resolved(claims) else { return }
    let answers = try await targets.surveys()
    let volumes = answers.found.flatMap { origin, survey in
      survey.volumes.filter { $0.id == wanted }.map { record in
        ListedVolume(record: record, origin: origin, claimed: claims?.claim(cluster: origin.cluster, volume: wanted))
      }
    }
    guard !volumes.isEmpty else {
      let notes = targets.notes + answers.notes + answers.found.flatMap(\.answer.notes)
      throw ProgramError(
        .notFound, "there is no volume '\(wanted.printable(120))'",
        cause: notes.isEmpty ? nil : notes.joined(separator: "; "),
        hint: "'vineyardctl ls volumes' lists them")
    }
    context.print(PrintableVolumes(volumes: volumes, now: unixMilliseconds()), format.output)
  }
}
