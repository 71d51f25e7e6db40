import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// An object that a person means: by its id, or by one of its names.
struct ObjectSearch: Sendable {
  let word: String
  /// The word as an id; nil when it can only be a name.
  private let id: ObjectID?

  /// - Throws: `ProgramError` with code `usage` for an empty word.
  init(_ word: String) throws(ProgramError) {
    guard !word.isEmpty else {
      throw ProgramError(.usage, "the object is empty", hint: "give an id such as o0067e0a1b2c3d4e5, or a name")
    }
    self.word = word
    id = ObjectID(text: word)
  }

  /// Reads the id or name of a command line, where it may stand alone or behind `--object_id`.
  ///
  /// - Throws: `ProgramError` with code `usage` unless there is one.
  init(argument: String?, flag: String?, of command: String) throws(ProgramError) {
    if argument != nil, flag != nil {
      throw ProgramError(.usage, "two objects are given", hint: "give one: alone, or with --object_id")
    }
    guard let word = argument ?? flag else {
      throw ProgramError(.usage, "no object is given", hint: "'vineyardctl \(command) ID' or a name instead of the id")
    }
    try self.init(word)
  }

  /// The object in one session of a store; nil when it is not there.
  ///
  /// - Parameter syncs: whether to wait for what other stores have written.
  /// - Throws: `ProgramError`.
  func find(_ connection: StoreConnection, syncs: Bool = false) throws(ProgramError) -> StoredObject? {
    if let id, let object = try connection.objects([id], syncs: syncs).first { return object }
    guard let named = try connection.object(named: word) else { return nil }
    return try connection.objects([named], syncs: syncs).first
  }

  /// - Returns: the error for an object that no store has.
  func missing(_ notes: [String]) -> ProgramError {
    ProgramError(
      .notFound, "there is no object '\(word.printable(120))'",
      cause: notes.isEmpty ? nil : notes.joined(separator: "; "),
      hint: "'vineyardctl ls objects' and 'vineyardctl ls names' list what there is")
  }
}

/// Where an object was found.
struct FoundObject: Sendable {
  let object: StoredObject
  let volume: String?
  let names: [String]
  let bytes: UInt64?
  /// Whether the store that showed it has it.
  let isLocal: Bool
  let isShared: Bool
  let nodes: [UInt64: String]
  var preview: ValuePreview?
  /// The beginning of a blob.
  var head: [UInt8]?
}

extension ObjectSearch {
  /// Use that is made of the object once it is found.
  struct Wish: Sendable {
    var scope = SurveyScope.everything
    var syncs = false
    /// Rows of values to look at; 0 for none.
    var rows = 0
    /// Bytes of a blob to read; 0 for none.
    var bytes = 0
    var isUnsafe = false

    init() {}
  }

  /// Looks for the object in each store; the one that has its bytes comes first.
  ///
  /// - Throws: `ProgramError`: `notFound` when nobody has it, `usage` when the name leads to several objects.
  func find(
    _ targets: StoreTargets, _ wish: Wish
  ) async throws -> (origin: StoreOrigin, found: FoundObject) {
    let answers = try await targets.each { (access, _) in
      var survey = try StoreSurvey(access)
      let isShared = survey.isShared
      let (instances, own) = (survey.instances, survey.instance)
      let found = try survey.each(wish.scope) { (connection, volume) throws(ProgramError) -> FoundObject? in
        guard let object = try find(connection, syncs: wish.syncs) else { return nil }
        let isLocal = !isShared || object.instance == nil || object.instance == own
        let names = try connection.names("*", limit: ObjectQuestion.mostNames).filter { $0.id == object.id }.map(\.name)
        let sizes = try connection.objects(object.blobIDs.sorted())
        let nodes = instances.reduce(into: [UInt64: String]()) { nodes, instance in
          if let id = UInt64(instance.key.dropFirst()) { nodes[id] = instance.value["nodename"]?.string }
        }
        var result = FoundObject(
          object: object, volume: volume, names: names.sorted(),
          bytes: sizes.isEmpty && !object.blobIDs.isEmpty ? nil : sizes.reduce(0) { $0 &+ $1.length },
          isLocal: isLocal, isShared: isShared, nodes: nodes)
        if isLocal, wish.rows > 0 { result.preview = try ValuePreview(object, rows: wish.rows, connection) }
        if isLocal, wish.bytes > 0 {
          guard let blob = object.isBlob ? object : object.members.first(where: { $0.object.isBlob })?.object else {
            throw ProgramError(
              .failed, "'\(word.printable(120))' has no bytes", hint: "'vineyardctl get object NAME' shows what it is")
          }
          let size = object.isBlob ? object.length : sizes.first { $0.id == blob.id }?.length ?? 0
          result.head = try connection.bytes(of: blob.id, size: size, 0..<UInt64(wish.bytes), isUnsafe: wish.isUnsafe)
        }
        return result
      }
      return (found: found.compactMap { $0 }, notes: survey.notes)
    }
    let all = answers.found.flatMap { origin, answer in answer.found.map { (origin: origin, found: $0) } }
    let local = all.filter(\.found.isLocal)
    let candidates = local.isEmpty ? all : local
    guard let first = candidates.first else {
      throw missing(targets.notes + answers.notes + answers.found.flatMap(\.answer.notes))
    }
    let distinct = Set(
      candidates.map { "\($0.found.object.id)/\($0.found.volume ?? "")/\($0.found.isShared ? "" : $0.origin.label)" })
    guard distinct.count > 1 else { return first }
    let places = candidates.map { candidate in
      "\(candidate.found.object.id)\(candidate.found.volume.map { " in volume \($0)" } ?? "") of \(candidate.origin.label)"
    }
    throw ProgramError(
      .usage, "'\(word.printable(120))' is in several places", cause: places.shortList,
      hint: "say which with --volume, --claim or --node")
  }
}
