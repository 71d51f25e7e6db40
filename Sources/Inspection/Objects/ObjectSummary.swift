import Documents
import StoreProtocol
import Support

/// An object as people think of it: what it is, and how large.
public struct ObjectSummary: Sendable, Equatable {
  /// One word or two: `array`, `frame`, `table`, `text`, `pickle`.
  public let kind: String
  /// Types of elements or columns, or the value of a single one; empty where there is nothing to say.
  public let detail: String
  /// Lengths of the axes, or rows and columns; nil for what has none.
  public let shape: [UInt64]?

  /// Columns whose types are told.
  private static let mostColumns = 4

  public init(_ object: StoredObject) {
    let base = object.baseType
    switch base {
    case "Blob", "RemoteBlob":
      self.init("bytes", "", nil)
    case "Scalar":
      self.init(object.tree["type_"]?.string ?? "scalar", Self.value(of: object), nil)
    case "Tensor", "vineyardctl::Tensor", "vineyardctl::TorchTensor", "GlobalTensor":
      let kind = base.hasPrefix("vineyardctl::Torch") ? "tensor" : base == "GlobalTensor" ? "global array" : "array"
      self.init(kind, Self.element(of: object), Self.shape(of: object))
    case "DataFrame", "vineyardctl::DataFrame":
      let frame = FrameLayout(object)
      self.init("frame", Self.columns(frame.columns), frame.shape)
    case "GlobalDataFrame":
      self.init("global frame", "\(object.count("partitions_-size") ?? 0) parts", nil)
    case "RecordBatch":
      self.init("record batch", "", Self.pair(object.count("row_num_"), object.count("column_num_")))
    case "Table":
      self.init(
        "table", "\(object.count("batch_num_") ?? 0) batches",
        Self.pair(object.count("num_rows_"), object.count("num_columns_")))
    case "Series", "vineyardctl::Series":
      let value = object.member("value_") ?? object.member("values_")
      self.init("series", value.map { Self.element(of: $0) } ?? "", value.flatMap { Self.shape(of: $0) })
    case "Index", "vineyardctl::Index":
      let value = object.member("value_") ?? object.member("values_")
      self.init("index", object.tree["value_type_"]?.string ?? "", value.flatMap { Self.shape(of: $0) })
    case "Sequence":
      self.init("sequence", "", object.count("size_").map { [UInt64($0)] })
    case "PickleBuffer":
      self.init("pickle", "", nil)
    case "CSRMatrix", "CSCMatrix", "COOMatrix", "BSRMatrix", "DIAMatrix":
      let count = object.count("nnz").map { ", \($0) values" } ?? ""
      self.init("sparse matrix", "\(Self.element(of: object))\(count)", Self.shape(of: object))
    case "vineyardctl::Arrow":
      self.init("arrow \(object.tree["container_"]?.string ?? "data")", "", nil)
    case "vineyardctl::Array":
      self.init("array", object.tree["dtype_"]?.string ?? object.tree["kind_"]?.string ?? "", Self.shape(of: object))
    default:
      if let length = object.count("length_") {
        self.init("arrow array", Self.element(of: object), [UInt64(length)])
      } else {
        self.init("object", object.typename, nil)
      }
    }
  }

  private init(_ kind: String, _ detail: String, _ shape: [UInt64]?) {
    self.kind = kind.printable(24)
    self.detail = detail.printable(60)
    self.shape = shape
  }

  private static func pair(_ rows: Int?, _ columns: Int?) -> [UInt64]? {
    guard let rows, let columns else { return nil }
    return [UInt64(rows), UInt64(columns)]
  }

  /// The value of a scalar.
  private static func value(of object: StoredObject) -> String {
    guard let value = object.tree["value_"] else { return "" }
    if object.tree["type_"]?.string == "bool" { return value.int == 0 || value.bool == false ? "false" : "true" }
    return value.string ?? value.json
  }

  /// The name of an element's type.
  static func element(of object: StoredObject) -> String {
    switch object.baseType {
    case "PickleBuffer": return "pickle"
    case "BaseBinaryArray", "LargeStringArray": return "text"
    case "BooleanArray": return "bool"
    case "NullArray": return "null"
    case "LargeListArray", "ListArray": return "lists"
    default: break
    }
    return object.tree["value_type_"]?.string ?? object.tree["dtype_"]?.string ?? object.parameter
      ?? object.tree["kind_"]?.string ?? ""
  }

  /// The lengths of the axes.
  static func shape(of object: StoredObject) -> [UInt64]? {
    if let shape = object.json("shape_")?.array {
      let lengths = shape.prefix(32).compactMap { $0.int.flatMap { UInt64(exactly: $0) } }
      return lengths.count == shape.count ? lengths : nil
    }
    if let length = object.count("length_") { return [UInt64(length)] }
    for key in ["values_", "value_", "codes_"] {
      if let inner = object.member(key), let shape = shape(of: inner) { return shape }
    }
    return nil
  }

  private static func columns(_ columns: [FrameLayout.Column]) -> String {
    let shown = columns.prefix(mostColumns).map { "\($0.name.printable(20)): \(element(of: $0.values).printable(16))" }
    let more = columns.count > mostColumns ? ", …" : ""
    return shown.joined(separator: ", ") + more
  }
}

extension ObjectSummary {
  /// `1000 × 20`; empty for what has no shape.
  public var shapeText: String {
    guard let shape else { return "" }
    return shape.isEmpty ? "one value" : shape.map { String($0) }.joined(separator: " × ")
  }
}

/// The columns of a frame.
struct FrameLayout {
  struct Column {
    let name: String
    let values: StoredObject
  }

  let columns: [Column]
  let index: StoredObject?

  /// Columns that are looked at.
  private static let mostColumns = 4096

  init(_ object: StoredObject) {
    let isOwn = object.baseType == "vineyardctl::DataFrame"
    let count = min(object.count(isOwn ? "column_count_" : "__values_-size") ?? 0, Self.mostColumns)
    let names = object.json("columns_")?.array
    columns = (0..<count).compactMap { number in
      guard let values = object.member(isOwn ? "value_-\(number)" : "__values_-value-\(number)") else { return nil }
      let name = object.json("__values_-key-\(number)") ?? names?[safe: number]
      return Column(name: name.map { $0.string ?? $0.json } ?? String(number), values: values)
    }
    index = object.member("index_")
  }

  /// Rows and columns.
  var shape: [UInt64]? {
    let rows =
      columns.lazy.compactMap { ObjectSummary.shape(of: $0.values)?.first }.first
      ?? index.flatMap { ObjectSummary.shape(of: $0)?.first }
    return rows.map { [$0, UInt64(columns.count)] } ?? (columns.isEmpty ? [0, 0] : nil)
  }
}

extension Array {
  /// An element; nil outside of the array.
  subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
