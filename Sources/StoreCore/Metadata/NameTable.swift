import StoreProtocol

/// The names of a session: each points to one object, an object may have several.
struct NameTable {
  /// Target of a name.
  struct Entry {
    let id: ObjectID
    /// Counts up from name to name.
    let age: UInt64
  }

  /// An object and the age of one of its names.
  private struct Owner: Comparable {
    let id: ObjectID
    let age: UInt64

    static func < (left: Owner, right: Owner) -> Bool {
      left.id == right.id ? left.age < right.age : left.id < right.id
    }
  }

  private var targets = SortedTable<StoredName, Entry>()
  private var byObject = SortedTable<Owner, String>()
  private var nextAge: UInt64 = 0
  /// Bytes of heap, estimated.
  private(set) var heapBytes = 0

  var count: Int { targets.count }

  subscript(name: String) -> ObjectID? { targets[StoredName(name)]?.id }

  /// One of the names of an object, the newest first.
  func name(of id: ObjectID) -> String? {
    guard let (owner, name) = byObject.last(through: Owner(id: id, age: .max)), owner.id == id else { return nil }
    return name
  }

  /// The names of an object, the oldest first.
  func names(of id: ObjectID) -> some Sequence<String> {
    byObject.entries(from: Owner(id: id, age: 0)).lazy.prefix { $0.key.id == id }.map(\.value)
  }

  /// Every name with the object it belongs to.
  var all: some Sequence<(id: ObjectID, name: String)> { byObject.lazy.map { (id: $0.key.id, name: $0.value) } }

  private static func bytes(_ name: String) -> Int { 128 + name.utf8.count }

  /// Points `name` to `id`.
  ///
  /// - Returns: where the name led before.
  mutating func set(_ name: String, to id: ObjectID) -> Entry? {
    let previous = remove(name)
    restore(name, Entry(id: id, age: nextAge))
    nextAge += 1
    return previous
  }

  /// Lets a name that is free lead where it led before.
  mutating func restore(_ name: String, _ entry: Entry) {
    let other = targets.updateValue(entry, forKey: StoredName(name))
    ensure(other == nil, "'\(name)' is given twice")
    byObject[Owner(id: entry.id, age: entry.age)] = name
    heapBytes += Self.bytes(name)
  }

  /// - Returns: where the name led.
  mutating func remove(_ name: String) -> Entry? {
    guard let entry = targets.removeValue(forKey: StoredName(name)) else { return nil }
    let listed = byObject.removeValue(forKey: Owner(id: entry.id, age: entry.age))
    ensure(listed != nil, "\(entry.id) does not know one of its names")
    heapBytes -= Self.bytes(name)
    return entry
  }

  /// The oldest of the names of an object.
  func firstName(of id: ObjectID) -> String? {
    guard let (owner, name) = byObject.first(from: Owner(id: id, age: 0)), owner.id == id else { return nil }
    return name
  }

  /// Drops some of what is in a table that nobody uses any more; false when only the names' texts are left.
  mutating func dropSome() -> Bool { targets.dropLeaf() }

  /// Drops the text of a name, which may be long, once the rest of the table has gone.
  ///
  /// - Returns: its bytes, nil when none is left.
  mutating func dropText() -> Int? { byObject.popLast()?.value.utf8.count }

  /// The names from `start` on and their objects, in ascending order of the stored form.
  func ascending(from start: String = "") -> some Sequence<(name: String, id: ObjectID)> {
    targets.entries(from: StoredName(start)).lazy.map { (name: $0.key.text, id: $0.value.id) }
  }

  /// The form names are stored in: `~` as `~0`, `/` as `~1`.
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
}

/// A name in the order of its stored form, in which `~` is written `~0` and `/` is written `~1`.
struct StoredName: Comparable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: StoredName, right: StoredName) -> Bool { left.text.order(against: right.text, by: rank) == 0 }

  static func < (left: StoredName, right: StoredName) -> Bool { left.text.order(against: right.text, by: rank) < 0 }

  /// Bytes in the order of their written form: `/` comes right behind `~`.
  @inline(__always)
  private static func rank(_ byte: UInt8) -> UInt16 {
    byte == UInt8(ascii: "/") ? UInt16(UInt8(ascii: "~")) << 1 | 1 : UInt16(byte) << 1
  }
}
