import OrderedCollections

/// A tree that a YAML text can become.
protocol YAMLTree {
  static func scalar(_ value: Value, _ event: YAMLEvent) -> Self
  static func array(_ elements: [Self], _ event: YAMLEvent) -> Self
  static func object(_ fields: OrderedDictionary<String, Self>, _ event: YAMLEvent) -> Self
  /// The same tree as the value of a key.
  func below(_ key: YAMLEvent) -> Self
  /// The same tree where an alias stands for it.
  func aliased(by event: YAMLEvent) -> Self

  /// The value of a scalar, nil for anything else.
  var scalar: Value? { get }
  /// The elements of an array.
  var elements: [Self]? { get }
  /// The fields of an object.
  var children: OrderedDictionary<String, Self>? { get }
}

extension YAMLTree {
  /// Values in this tree, itself included.
  fileprivate var size: Int {
    if let elements { return elements.reduce(1) { $0 + $1.size } }
    return (children?.values).map { $0.reduce(1) { $0 + $1.size } } ?? 1
  }
}

/// Builds trees from the parse events.
struct YAMLTreeReader<Tree: YAMLTree> {
  private var events: YAMLEvents
  private var anchors: [String: Tree] = [:]
  /// Values that were read so far; an alias counts as what it stands for.
  private(set) var valueCount = 0
  private var depth = 0
  private let valueLimit: Int
  private let depthLimit = 200

  /// - Parameter valueLimit: aliases let a short text describe a huge tree; no manifest comes near a million values.
  init(bytes: [UInt8], valueLimit: Int = 1_000_000) {
    events = YAMLEvents(bytes: bytes)
    self.valueLimit = valueLimit
  }

  mutating func close() { events.close() }

  /// The next document, null for an empty one; nil at the end.
  mutating func nextDocument() throws(DocumentError) -> Tree? {
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return nil
      case .documentStart:
        anchors = [:]
        return try value(try events.next())
      default: continue
      }
    }
  }

  private mutating func value(_ event: YAMLEvent) throws(DocumentError) -> Tree {
    depth += 1
    defer { depth -= 1 }
    guard depth <= depthLimit else { throw DocumentError("nested too deeply", event.position) }
    try count(1, event)
    let value: Tree
    switch event.kind {
    case .scalar: value = .scalar(try event.scalarValue(), event)
    case .alias:
      guard let target = anchors[event.text] else {
        throw DocumentError("unknown anchor '\(event.text)'", event.position)
      }
      try count(target.size, event)
      return target.aliased(by: event)
    case .sequenceStart: value = .array(try sequence(), event)
    case .mappingStart: value = .object(try mapping(), event)
    default: throw DocumentError("a value is expected", event.position)
    }
    if let anchor = event.anchor { anchors[anchor] = value }
    return value
  }

  private mutating func count(_ values: Int, _ event: YAMLEvent) throws(DocumentError) {
    valueCount += values
    guard valueCount <= valueLimit else { throw DocumentError("too many values", event.position) }
  }

  private mutating func sequence() throws(DocumentError) -> [Tree] {
    var elements: [Tree] = []
    while true {
      let event = try events.next()
      if event.kind == .sequenceEnd { return elements }
      elements.append(try value(event))
    }
  }

  private mutating func mapping() throws(DocumentError) -> OrderedDictionary<String, Tree> {
    var fields: OrderedDictionary<String, Tree> = [:]
    var merged: OrderedDictionary<String, Tree> = [:]
    while true {
      let keyEvent = try events.next()
      if keyEvent.kind == .mappingEnd { break }
      let key = try self.key(keyEvent)
      let value = try self.value(try events.next())
      if key == "<<" && keyEvent.isPlain {
        try merge(value, into: &merged, keyEvent)
      } else {
        guard fields[key] == nil else { throw DocumentError("the key '\(key)' stands twice", keyEvent.position) }
        fields[key] = value.below(keyEvent)
      }
    }
    return fields.merging(merged) { own, _ in own }
  }

  private mutating func key(_ event: YAMLEvent) throws(DocumentError) -> String {
    switch try value(event).scalar {
    case .string(let text): return text
    case nil: throw DocumentError("a key must be a text", event.position)
    // Kubernetes turns other scalars into the text they were written as.
    default: return event.text
    }
  }

  private func merge(
    _ value: Tree, into merged: inout OrderedDictionary<String, Tree>, _ event: YAMLEvent
  ) throws(DocumentError) {
    for source in value.elements ?? [value] {
      guard let fields = source.children else { throw DocumentError("'<<' merges mappings only", event.position) }
      merged.merge(fields) { first, _ in first }
    }
  }
}
