import ArgumentParser
import ClusterInventory
import Inspection
import StoreProtocol
import Support

/// Deletes objects.
struct RemoveCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Delete objects, their parts and their names.",
    discussion: """
      Parts that other objects use stay. An object that is a part of another one is refused, unless --force deletes \
      that one as well. Exit status: 0 gone, 1 refused, 4 there is no such object.
      """.withExamples("vineyardctl rm /vineyard/data/x_train", "vineyardctl rm o0067e0a1b2c3d4e5 --yes"))

  @Argument(help: ArgumentHelp("The objects: their ids, or their names.", valueName: "object"))
  var objects: [String] = []

  @Flag(help: "Delete objects that have them as a part, too.")
  var force = false

  @Flag(inversion: .prefixedNo, help: "Delete parts that nobody else uses.")
  var deep = true

  @Flag(name: .shortAndLong, help: "Don't ask.")
  var yes = false

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws {
    guard !objects.isEmpty else {
      throw ProgramError(.usage, "no object is given", hint: "'vineyardctl rm ID' or a name instead of the id")
    }
    for word in objects { _ = try ObjectSearch(word) }
  }

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    var wish = ObjectSearch.Wish()
    wish.scope = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    let (force, deep) = (force, deep)
    for word in objects {
      let (origin, found) = try await ObjectSearch(word).find(targets, wish)
      let id = found.object.id
      let shown = "\(id)\(found.names.first.map { " (\($0.printable(80)))" } ?? "")"
      let size = found.bytes.map { ", \(ByteSize(bytes: $0))," } ?? ""
      try await Consent(context, isGiven: yes).confirm(
        "delete \(shown)\(size) from \(found.volume.map { "volume \($0)" } ?? origin.label)")
      let (volume, names) = (found.volume, found.names)
      let answers = try await targets.only(origin).each { (access, _) in
        let connection = try StoreConnection(access, volume: volume, writes: true)
        try connection.delete([id], force: force, deep: deep)
        if try !connection.objects([id]).isEmpty { return false }
        for name in names where try connection.object(named: name) == id { try connection.dropName(name) }
        return true
      }
      guard answers.found.first?.answer == true else {
        throw ProgramError(
          .failed, "\(shown) is still there", cause: "another object has it as a part",
          hint: "delete that one, or both with --force")
      }
      context.output("\(id) deleted\n")
    }
  }

  var interruptionHint: String { "what was printed is deleted; run the same command again for the rest" }
}

/// The group of commands that change names.
struct NamesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "names", abstract: "Give names to objects, and take them away.",
    discussion: "'vineyardctl ls names' lists them.".withExamples(
      "vineyardctl names put model o0067e0a1b2c3d4e5", "vineyardctl names drop model"),
    subcommands: [PutName.self, DropName.self])
}

/// Gives an object a name.
struct PutName: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "put", abstract: "Give an object a name, which another one may have had.",
    discussion: "An object that only its store knows is made visible to others by it.".withExamples(
      "vineyardctl names put model o0067e0a1b2c3d4e5"))

  @Argument(help: ArgumentHelp("The new name.", valueName: "text"))
  var text: String

  @Argument(help: ArgumentHelp("The object: its id, or another name of it.", valueName: "object"))
  var object: String

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws {
    _ = try ObjectSearch(object)
    if text.isEmpty { throw ProgramError(.usage, "the name is empty", hint: "give one to four thousand characters") }
  }

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    var wish = ObjectSearch.Wish()
    wish.scope = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    let (origin, found) = try await ObjectSearch(object).find(targets, wish)
    if found.object.isBlob {
      throw ProgramError(
        .failed, "a blob cannot have a name", hint: "'vineyardctl put --value TEXT --name NAME' stores a text with one")
    }
    let (id, name, volume) = (found.object.id, text, found.volume)
    _ = try await targets.only(origin).each { (access, _) in
      let connection = try StoreConnection(access, volume: volume, writes: true)
      try connection.persist(id)
      try connection.putName(name, id)
    }
    context.output("\(name.printable(200)) leads to \(id)\n")
  }
}

/// Takes a name away.
struct DropName: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Take a name away; the object stays.",
    discussion: "".withExamples("vineyardctl names drop model"))

  @Argument(help: ArgumentHelp("The name.", valueName: "text"))
  var text: String

  @OptionGroup var scope: ScopeArguments
  @OptionGroup var stores: StoreArguments

  mutating func run(_ context: CommandContext) async throws {
    let targets = try await StoreTargets(stores, context)
    let asked = try scope.resolved(scope.claim == nil ? nil : try await targets.claims())
    let name = text
    let answers = try await targets.each { (access, _) in
      var survey = try StoreSurvey(access)
      let found = try survey.each(asked) { (connection, volume) throws(ProgramError) -> [String?] in
        try connection.object(named: name) == nil ? [] : [volume]
      }
      return (volumes: found.flatMap { $0 }, isShared: survey.isShared)
    }
    let places = answers.found.flatMap { origin, answer in answer.volumes.map { (origin: origin, volume: $0) } }
    let isShared = answers.found.contains { $0.answer.isShared }
    guard let place = places.first else {
      throw ProgramError(
        .notFound, "there is no name '\(name.printable(120))'", hint: "'vineyardctl ls names' lists them")
    }
    guard Set(places.map { "\($0.volume ?? "")/\(isShared ? "" : $0.origin.label)" }).count == 1 else {
      throw ProgramError(
        .usage, "'\(name.printable(120))' is a name in several places",
        cause: places.map { $0.volume.map { "volume \($0)" } ?? $0.origin.label }.shortList,
        hint: "say which with --volume, --claim or --node")
    }
    _ = try await targets.only(place.origin).each { (access, _) in
      try StoreConnection(access, volume: place.volume, writes: true).dropName(name)
    }
    context.output("\(name.printable(200)) dropped\n")
  }
}
