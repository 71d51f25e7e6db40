import StoreProtocol

/// The names of a session: each points to one object, an object may have several.
struct NameTable {
  private var targets: [ExactText: ObjectID] = [:]
  private(set) var namesByObject: [ObjectID: [String]] = [:]
  /// Names in ascending order of their stored form, with dropped ones among them; complete while ``isComplete``.
  private var sorted: [String] = []
  private var isComplete = true

  var count: Int { targets.count }

  subscript(name: String) -> ObjectID? { targets[ExactText(name)] }

  /// One of the names of an object, the newest first.
  func name(of id: ObjectID) -> String? { namesByObject[id]?.last }

  /// Points `name` to `id`.
  ///
  /// - Returns: the object the name pointed to before, if another.
  mutating func set(_ name: String, to id: ObjectID) -> ObjectID? {
    let previous = targets.updateValue(id, forKey: ExactText(name))
    if previous == nil { isComplete = false }
    if let previous { forget(name, of: previous) }
    namesByObject[id, default: []].append(name)
    return previous == id ? nil : previous
  }

  /// - Returns: the object the name pointed to.
  mutating func remove(_ name: String) -> ObjectID? {
    guard let id = targets.removeValue(forKey: ExactText(name)) else { return nil }
    forget(name, of: id)
    return id
  }

  /// Removes every name of an object.
  mutating func removeNames(of id: ObjectID) {
    for name in namesByObject.removeValue(forKey: id) ?? [] { targets[ExactText(name)] = nil }
  }

  private mutating func forget(_ name: String, of id: ObjectID) {
    guard var names = namesByObject[id] else { return }
    names.removeAll { ExactText($0) == ExactText(name) }
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
    if !isComplete || sorted.count > targets.count {
      sorted = targets.keys.map { (Self.escaped($0.text), $0.text) }
        .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map(\.1)
      isComplete = true
    }
    return sorted
  }
}
