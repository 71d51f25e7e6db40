import Documents
import StoreProtocol
import Support

/// The first values of an object.
public struct ValuePreview: Sendable, Equatable {
  /// Names of the columns.
  public var columns: [String] = []
  /// Values as text, by row; each row has as many as there are columns.
  public var rows: [[String]] = []
  /// Lines about values that are not shown, and why.
  public var notes: [String] = []

  /// Columns that are read.
  static let mostColumns = 30
  /// The most rows that may be asked for.
  public static let mostRows = 1000

  /// Looks at the first values of an object.
  ///
  /// - Parameter limit: rows at most.
  /// - Throws: `ProgramError`.
  public init(_ object: StoredObject, rows limit: Int, _ connection: StoreConnection) throws(ProgramError) {
    let blobs = try BlobReader(connection, object)
    try read(object, ColumnReader(blobs: blobs, limit: limit))
  }

  private mutating func read(_ object: StoredObject, _ reader: ColumnReader) throws(ProgramError) {
    switch object.baseType {
    case "Blob": try addBytes(object, reader)
    case "Scalar", "Sequence": return
    case "DataFrame", "vineyardctl::DataFrame":
      let frame = FrameLayout(object)
      try add(frame.columns.map { ($0.name, $0.values) }, index: frame.index, reader)
    case "Series", "vineyardctl::Series":
      try add([("value", object)], index: object.member("index_"), reader)
    case "RecordBatch": try addBatch(object, object.member("schema_"), reader)
    case "Table":
      guard let batch = object.list("partitions_", limit: 1).first else { return }
      try addBatch(batch, object.member("schema_"), reader)
    case "PickleBuffer": try addPickle(object, reader)
    case "Tensor", "vineyardctl::Tensor", "vineyardctl::TorchTensor":
      if let shape = ObjectSummary.shape(of: object), shape.count != 1, object.member("buffer_")?.isBlob == true {
        try addGrid(object, shape, reader)
      } else {
        try add([("value", object)], index: nil, reader)
      }
    default: try add([("value", object)], index: nil, reader)
    }
  }

  private mutating func addBytes(_ blob: StoredObject, _ reader: ColumnReader) throws(ProgramError) {
    guard let bytes = try reader.blobs.bytes(blob.id, 0..<UInt64(reader.limit) * 16) else {
      notes.append("the blob is not in this store")
      return
    }
    columns = ["offset", "bytes", "text"]
    rows = HexDump.lines(bytes).map { [$0.offset, $0.bytes, $0.text] }
  }

  private mutating func addPickle(_ object: StoredObject, _ reader: ColumnReader) throws(ProgramError) {
    let head = try reader.blobs.bytes(object, "buffer_", 0..<512) ?? []
    let content = PickleHead(head).map { "a pickle of \($0)" } ?? "a pickle"
    notes.append("\(content): its values are not shown, since reading a pickle runs code of who wrote it")
  }

  /// Columns side by side behind the index.
  private mutating func add(
    _ found: [(name: String, values: StoredObject)], index: StoredObject?, _ reader: ColumnReader
  ) throws(ProgramError) {
    var texts: [[String]] = []
    if let index, let values = try reader.values(of: index) {
      columns.append("")
      texts.append(values)
    }
    for (name, values) in found.prefix(Self.mostColumns) {
      guard let read = try reader.values(of: values) else {
        notes.append(
          "\(found.count == 1 ? "its values" : "column \(name.printable(40))") cannot be shown (\(values.typename.printable(60)))"
        )
        continue
      }
      columns.append(name.printable(40))
      texts.append(read)
    }
    if found.count > Self.mostColumns { notes.append("\(found.count - Self.mostColumns) more columns") }
    let height = texts.map(\.count).max() ?? 0
    rows = (0..<height).map { row in texts.map { $0[safe: row] ?? "" } }
    if columns.allSatisfy(\.isEmpty), !notes.isEmpty { (columns, rows) = ([], []) }
  }

  private mutating func addBatch(
    _ batch: StoredObject, _ schema: StoredObject?, _ reader: ColumnReader
  ) throws(ProgramError) {
    let names = (schema ?? batch.member("schema_")).flatMap { ArrowSchema(of: $0) }?.names ?? []
    let found = batch.list("__columns_", limit: Self.mostColumns + 1).enumerated().map { number, column in
      (names[safe: number] ?? String(number), column)
    }
    try add(found, index: nil, reader)
  }

  private mutating func addGrid(
    _ object: StoredObject, _ shape: [UInt64], _ reader: ColumnReader
  ) throws(ProgramError) {
    guard let type = ElementType(of: object),
      let layout = ArrayLayout(shape: shape, size: type.size)
    else {
      notes.append("its values cannot be shown (\(object.typename.printable(60)))")
      return
    }
    let plan = layout.plan(rows: reader.limit)
    var bytes: [UInt8] = []
    for range in plan.ranges {
      guard let part = try reader.blobs.bytes(object, "buffer_", range), part.count == range.count else {
        notes.append("its bytes are not in this store")
        return
      }
      bytes += part
    }
    columns = (0..<layout.columnCount).map { shape.count == 2 ? String($0) : shape.isEmpty ? "value" : "…\($0)" }
    rows = plan.places.map { row in row.map { type.text(bytes[$0..<$0 + type.size]) } }
    if layout.rowLength > UInt64(layout.columnCount) {
      notes.append("\(layout.rowLength - UInt64(layout.columnCount)) more values in each row")
    }
  }
}
