import JSON

/// Reads metadata documents, one or an array of them, from validated JSON: in one pass, and in steps if wanted.
public struct MetadataReader {
  /// A document whose end was not reached yet, and the key it is the value of.
  private struct Open {
    var document = MetadataDocument()
    let key: JSONSpan?
  }

  private let bytes: UnsafeRawBufferPointer
  private var scanner: JSONScanner
  /// Depth of the documents wanted: 1, or 2 within an array.
  private let level: Int
  private var open: [Open] = []
  private var key: JSONSpan?
  /// Start of the array that is a field's value.
  private var arrayStart: (offset: Int, depth: Int)?
  /// Puts the fields of the innermost document in order, when they are not.
  private var sort: FieldSort?
  /// The documents that were read to their end.
  public private(set) var documents: [MetadataDocument] = []

  /// - Parameter span: of an object, or of an array of objects.
  public init(_ bytes: UnsafeRawBufferPointer, _ span: JSONSpan) {
    self.bytes = bytes
    scanner = JSONScanner(bytes, from: span.start)
    level = span.kind == .array ? 2 : 1
  }

  /// Work done so far: bytes of the message that were passed, and fields that were moved to sort them.
  public var progress: Int { scanner.position + sorted * Self.bytesPerMove + (sort?.moves ?? 0) * Self.bytesPerMove }

  /// Bytes that are read as fast as a field is moved.
  private static let bytesPerMove = 8
  /// Moves of documents that are in order now.
  private var sorted = 0

  /// Reads on.
  ///
  /// - Parameter count: bytes to read, or fields to sort, before resting.
  /// - Returns: whether everything was read.
  /// - Throws: code 1 when something else than an object is found, or a reserved field has the wrong type.
  public mutating func advance(by count: Int) throws(StoreError) -> Bool {
    if sort != nil {
      guard sort?.advance(by: max(count / Self.bytesPerMove, 64)) == true else { return false }
      try finishSorting()
      return scanner.depth == 0
    }
    let limit = count > bytes.count ? .max : scanner.position + count
    while let token = try next(limit) {
      switch token {
      case .beginArray:
        if scanner.depth >= level, arrayStart == nil { arrayStart = (scanner.position - 1, scanner.depth) }
      case .endArray:
        if scanner.depth == 0 { return true }
        if let start = arrayStart, scanner.depth == start.depth - 1 {
          arrayStart = nil
          try add(JSONSpan(kind: .array, hasEscapes: false, start: start.offset, end: scanner.position))
        }
      case .beginObject:
        guard arrayStart == nil else { continue }
        open.append(Open(key: key))
        key = nil
      case .key(let span): if arrayStart == nil { key = span }
      case .scalar(let span): if arrayStart == nil { try add(span) }
      case .endObject:
        guard arrayStart == nil, !open.isEmpty else { continue }
        if !open[open.count - 1].document.isAscending {
          sort = FieldSort(open[open.count - 1].document.takeFields())
          return try advance(by: count)
        }
        try close()
        if scanner.depth == 0 { return true }
      }
    }
    return false
  }

  /// Gives away everything that was read, complete or not.
  public mutating func takeAll() -> [MetadataDocument] {
    if open.isEmpty, sort == nil {
      defer { documents = [] }
      return documents
    }
    var all = documents + open.map(\.document)
    if let sort {
      var rest = MetadataDocument()
      rest.fields = sort.remains
      all.append(rest)
    }
    (documents, open, sort) = ([], [], nil)
    return all
  }

  private mutating func next(_ limit: Int) throws(StoreError) -> JSONToken? {
    do throws(JSONError) { return try scanner.next(before: limit) } catch {
      throw StoreError(.invalid, "Failed to parse the JSON message: \(error.reason) at byte \(error.offset)")
    }
  }

  private mutating func add(_ value: JSONSpan) throws(StoreError) {
    guard let key, !open.isEmpty else { throw MetadataDocument.notAnObject }
    self.key = nil
    try open[open.count - 1].document.add(bytes, key, value)
  }

  private mutating func finishSorting() throws(StoreError) {
    guard let sort else { return }
    sorted += sort.moves
    open[open.count - 1].document.fields = sort.fields
    self.sort = nil
    try close()
  }

  /// Hands the innermost document to the one around it.
  private mutating func close() throws(StoreError) {
    guard let last = open.popLast() else { return }
    guard let key = last.key, !open.isEmpty else { return documents.append(last.document) }
    try open[open.count - 1].document.add(bytes, key, last.document)
  }
}
