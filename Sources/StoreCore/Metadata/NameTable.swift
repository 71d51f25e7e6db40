import StoreProtocol

/// The names of a session: each points to one object, an object may have several.
struct NameTable {
  private var targets: [String: ObjectID] = [:]
  private(set) var namesByObject: [ObjectID: [String]] = [:]
  /// Names in ascending order of their stored form, with gaps left by dropped names; ``unsorted`` come on top.
  private var sorted: [String] = []
  private var unsorted: [String] = []

  var count: Int { targets.count }

  subscript(name: String) -> ObjectID? { targets[name] }

  /// One of the names of an object, the newest first.
  func name(of id: ObjectID) -> String? { namesByObject[id]?.last }

  /// Points `name` to `id`.
  ///
  /// - Returns: the object the name pointed to before, if another.
  mutating func set(_ name: String, to id: ObjectID) -> ObjectID? {
    let previous = targets.updateValue(id, forKey: name)
    if previous == nil { unsorted.append(name) }
    if let previous { forget(name, of: previous) }
    namesByObject[id, default: []].append(name)
    return previous == id ? nil : previous
  }

  /// - Returns: the object the name pointed to.
  mutating func remove(_ name: String) -> ObjectID? {
    guard let id = targets.removeValue(forKey: name) else { return nil }
    forget(name, of: id)
    return id
  }

  /// Removes every name of an object.
  mutating func removeNames(of id: ObjectID) {
    for name in namesByObject.removeValue(forKey: id) ?? [] { targets[name] = nil }
  }

  private mutating func forget(_ name: String, of id: ObjectID) {
    guard var names = namesByObject[id] else { return }
    names.removeAll { $0 == name }
    namesByObject[id] = names.isEmpty ? nil : names
  }

  /// The form names are stored and ordered in: `~` as `~0`, `/` as `~1`.
  static func escaped(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
    var text = ""
    for character in name.unicodeScalars {
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.unicodeScalars.append(character)
      }
    }
    return text
  }

  /// The names in ascending order of their stored form.
  mutating func ascending() -> [String] {
    if !unsorted.isEmpty || sorted.count > targets.count {
      let present = Set(sorted).union(unsorted).filter { targets[$0] != nil }
      sorted = present.map { (Self.escaped($0), $0) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        .map(\.1)
      unsorted.removeAll()
    }
    return sorted
  }
}
