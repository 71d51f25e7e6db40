import CLibYAML
import OrderedCollections

extension Value {
  /// Reads every document of a YAML text; JSON is YAML.
  ///
  /// Scalars mean what they mean to Kubernetes (YAML 1.1). Anchors and merge keys are resolved. Empty documents are
  /// left out.
  ///
  /// - Throws: `DocumentError` with line and column.
  public static func documents(yaml bytes: [UInt8]) throws(DocumentError) -> [Value] {
    var reader = YAMLTreeReader(bytes: bytes)
    defer { reader.close() }
    return try reader.documents()
  }

  /// Reads every document of a YAML text.
  ///
  /// - Throws: `DocumentError` with line and column.
  public static func documents(yaml text: String) throws(DocumentError) -> [Value] {
    try documents(yaml: Array(text.utf8))
  }

  /// Reads a YAML text with one document; an empty text is null.
  ///
  /// - Throws: `DocumentError` with line and column, or for several documents.
  public init(yaml text: String) throws(DocumentError) {
    let documents = try Self.documents(yaml: text)
    guard documents.count < 2 else { throw DocumentError("one document is expected, found \(documents.count)") }
    self = documents.first ?? .null
  }
}

extension Value {
  /// Reads the first document of a YAML text and nothing behind it; an empty text is null.
  ///
  /// - Throws: `DocumentError` with line and column.
  public static func firstDocument(yaml text: String) throws(DocumentError) -> Value {
    var reader = YAMLTreeReader(bytes: Array(text.utf8))
    defer { reader.close() }
    return try reader.nextDocument() ?? .null
  }
}

/// Builds trees from the parse events.
private struct YAMLTreeReader {
  /// Aliases let a short text describe a huge tree; no manifest comes near this many values.
  private static let valueLimit = 1_000_000
  private static let depthLimit = 200

  private var events: YAMLEvents
  private var anchors: [String: Value] = [:]
  private var valueCount = 0
  private var depth = 0

  init(bytes: [UInt8]) { events = YAMLEvents(bytes: bytes) }

  mutating func close() { events.close() }

  mutating func documents() throws(DocumentError) -> [Value] {
    var documents: [Value] = []
    while let document = try nextDocument() {
      if !document.isNull { documents.append(document) }
    }
    return documents
  }

  /// The next document, null for an empty one; nil at the end.
  mutating func nextDocument() throws(DocumentError) -> Value? {
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

  private mutating func value(_ event: YAMLEvent) throws(DocumentError) -> Value {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw DocumentError("nested too deeply", event.position) }
    try count(1, event)
    let value: Value
    switch event.kind {
    case .scalar: value = try event.scalarValue()
    case .alias:
      guard let target = anchors[event.text] else {
        throw DocumentError("unknown anchor '\(event.text)'", event.position)
      }
      try count(target.size, event)
      return target
    case .sequenceStart: value = try sequence()
    case .mappingStart: value = try mapping()
    default: throw DocumentError("a value is expected", event.position)
    }
    if let anchor = event.anchor { anchors[anchor] = value }
    return value
  }

  private mutating func count(_ values: Int, _ event: YAMLEvent) throws(DocumentError) {
    valueCount += values
    guard valueCount <= Self.valueLimit else { throw DocumentError("too many values", event.position) }
  }

  private mutating func sequence() throws(DocumentError) -> Value {
    var elements: [Value] = []
    while true {
      let event = try events.next()
      if event.kind == .sequenceEnd { return .array(elements) }
      elements.append(try value(event))
    }
  }

  private mutating func mapping() throws(DocumentError) -> Value {
    var fields = Fields()
    var merged = Fields()
    while true {
      let keyEvent = try events.next()
      if keyEvent.kind == .mappingEnd { break }
      let key = try self.key(keyEvent)
      let value = try self.value(try events.next())
      if key == "<<" && keyEvent.isPlain {
        try merge(value, into: &merged, keyEvent)
      } else {
        guard fields[key] == nil else { throw DocumentError("the key '\(key)' stands twice", keyEvent.position) }
        fields[key] = value
      }
    }
    return .object(fields.merging(merged) { own, _ in own })
  }

  private mutating func key(_ event: YAMLEvent) throws(DocumentError) -> String {
    switch try value(event) {
    case .string(let text): return text
    case .array, .object: throw DocumentError("a key must be a text", event.position)
    // Kubernetes turns other scalars into the text they were written as.
    default: return event.text
    }
  }

  private func merge(_ value: Value, into merged: inout Fields, _ event: YAMLEvent) throws(DocumentError) {
    for source in value.array ?? [value] {
      guard let fields = source.fields else { throw DocumentError("'<<' merges mappings only", event.position) }
      merged.merge(fields) { first, _ in first }
    }
  }
}

extension Value {
  /// Values in this tree, itself included.
  fileprivate var size: Int {
    switch self {
    case .array(let elements): elements.reduce(1) { $0 + $1.size }
    case .object(let fields): fields.values.reduce(1) { $0 + $1.size }
    default: 1
    }
  }
}
