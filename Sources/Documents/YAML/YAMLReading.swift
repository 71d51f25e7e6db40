extension Value {
  /// Reads every document of a YAML text; JSON is YAML.
  ///
  /// Scalars mean what they mean to Kubernetes (YAML 1.1). Anchors and merge keys are resolved. Empty documents are
  /// left out.
  ///
  /// - Throws: `DocumentError` with line and column.
  public static func documents(yaml bytes: [UInt8]) throws(DocumentError) -> [Value] {
    var reader = YAMLTreeReader<Value>(bytes: bytes)
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
    var reader = YAMLTreeReader<Value>(bytes: Array(text.utf8))
    defer { reader.close() }
    return try reader.nextDocument() ?? .null
  }
}

extension YAMLTreeReader<Value> {
  fileprivate mutating func documents() throws(DocumentError) -> [Value] {
    var documents: [Value] = []
    while let document = try nextDocument() {
      if !document.isNull { documents.append(document) }
    }
    return documents
  }
}

extension Value: YAMLTree {
  static func scalar(_ value: Value, _ event: YAMLEvent) -> Value { value }
  static func array(_ elements: [Value], _ event: YAMLEvent) -> Value { .array(elements) }
  static func object(_ fields: Fields, _ event: YAMLEvent) -> Value { .object(fields) }
  func below(_ key: YAMLEvent) -> Value { self }
  func aliased(by event: YAMLEvent) -> Value { self }

  var scalar: Value? {
    switch self {
    case .array, .object: nil
    default: self
    }
  }
  var elements: [Value]? { array }
  var children: Fields? { fields }
}
