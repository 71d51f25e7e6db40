import Documents
import StoreProtocol
import Support

/// Reads the first values of a column: of an array of one axis, an index, an array of Arrow.
struct ColumnReader {
  let blobs: BlobReader
  /// Values that are wanted at most.
  let limit: Int

  /// The first values as text.
  ///
  /// - Returns: nil for a type whose values cannot be shown.
  /// - Throws: `ProgramError`.
  func values(of column: StoredObject) throws(ProgramError) -> [String]? {
    switch column.baseType {
    case "Tensor", "vineyardctl::Tensor", "vineyardctl::TorchTensor": return try tensor(column)
    case "Index", "vineyardctl::Index", "Series", "vineyardctl::Series":
      if let range = try indexRange(column) { return range }
      guard let inner = column.member("value_") ?? column.member("values_") else { return nil }
      return try values(of: inner)
    case "NumericArray": return try numbers(column)
    case "BooleanArray": return try booleans(column)
    case "BaseBinaryArray", "LargeStringArray":
      return try texts(column, offsets: "buffer_offsets_", data: "buffer_data_")
    case "NullArray": return Array(repeating: "null", count: count(column))
    case "vineyardctl::Array": return try pandas(column)
    default: return nil
    }
  }

  private func count(_ column: StoredObject) -> Int { min(limit, column.count("length_") ?? 0) }

  private func tensor(_ column: StoredObject) throws(ProgramError) -> [String]? {
    if let text = column.member("buffer_"), !text.isBlob { return try values(of: text) }
    if column.typename == "vineyardctl::Tensor<StringDType>" { return try stringDType(column) }
    guard let type = ElementType(of: column), let shape = ObjectSummary.shape(of: column), shape.count == 1 else {
      return nil
    }
    let wanted = min(UInt64(limit), shape[0]) * UInt64(type.size)
    return try blobs.bytes(column, "buffer_", 0..<wanted).map { type.texts($0) }
  }

  /// The numbers of an index that is a range.
  private func indexRange(_ index: StoredObject) throws(ProgramError) -> [String]? {
    guard let range = index.json("vineyardctl_range_")?.array?.compactMap(\.int), range.count == 3, range[2] != 0 else {
      return nil
    }
    var numbers: [String] = []
    var next = range[0]
    while numbers.count < limit, range[2] > 0 ? next < range[1] : next > range[1] {
      numbers.append(String(next))
      let (sum, overflow) = next.addingReportingOverflow(range[2])
      if overflow { break }
      next = sum
    }
    return numbers
  }

  private func numbers(_ column: StoredObject) throws(ProgramError) -> [String]? {
    guard let type = ElementType(of: column), let start = offset(column) else { return nil }
    let (first, end) = (start * UInt64(type.size), (start + UInt64(count(column))) * UInt64(type.size))
    guard let bytes = try blobs.bytes(column, "buffer_", first..<end) else { return nil }
    return try marked(type.texts(bytes), column)
  }

  private func booleans(_ column: StoredObject) throws(ProgramError) -> [String]? {
    guard let bits = try bits(column, "buffer_") else { return nil }
    return try marked(bits.map { $0 ? "true" : "false" }, column)
  }

  /// Texts by the offsets of their beginnings; of a long one only its beginning is read.
  private func texts(_ column: StoredObject, offsets: String, data: String) throws(ProgramError) -> [String]? {
    guard let start = offset(column) else { return nil }
    let wanted = start * 8..<(start + UInt64(count(column)) + 1) * 8
    guard let bytes = try blobs.bytes(column, offsets, wanted), let blob = column.member(data) else { return nil }
    guard let found = try text(blob.id, places(bytes)) else { return nil }
    return try marked(found, column)
  }

  private func places(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, through: bytes.count - 8, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
  }

  private func text(_ blob: ObjectID, _ places: [UInt64]) throws(ProgramError) -> [String]? {
    var found: [String] = []
    for (begin, end) in zip(places, places.dropFirst()) {
      guard begin <= end else { return nil }
      guard let bytes = try blobs.bytes(blob, begin..<min(end, begin &+ UInt64(ElementType.longestText))) else {
        return nil
      }
      found.append(String(decoding: bytes, as: UTF8.self).printable())
    }
    return found
  }

  private func stringDType(_ column: StoredObject) throws(ProgramError) -> [String]? {
    guard let length = ObjectSummary.shape(of: column)?.first, let blob = column.member("buffer_") else { return nil }
    let wanted = min(UInt64(limit), length)
    guard let bytes = try blobs.bytes(column, "offsets_", 0..<(wanted + 1) * 8),
      let missing = try blobs.bytes(column, "missing_bytes_", 0..<wanted), let found = try text(blob.id, places(bytes))
    else { return nil }
    return zip(found, missing + Array(repeating: 0, count: found.count)).map { $1 == 0 ? $0 : "missing" }
  }

  private func pandas(_ column: StoredObject) throws(ProgramError) -> [String]? {
    guard let kind = column.tree["kind_"]?.string else { return nil }
    switch kind {
    case "instants":
      guard let values = column.member("values_"), let type = ElementType(named: column.tree["dtype_"]?.string ?? ""),
        let bytes = try blobs.bytes(values, "buffer_", 0..<UInt64(limit) * 8)
      else { return nil }
      return type.texts(bytes)
    case "masked":
      guard let values = column.member("values_"), let mask = column.member("mask_"),
        let found = try self.values(of: values),
        let missing = try self.values(of: mask), found.count == missing.count
      else { return nil }
      return zip(found, missing).map { $1 == "true" ? "missing" : $0 }
    case "categories": return try categories(column)
    case "text", "periods":
      return try column.member("values_").flatMap { (values) throws(ProgramError) in try self.values(of: values) }
    default: return nil
    }
  }

  private func categories(_ column: StoredObject) throws(ProgramError) -> [String]? {
    guard let codes = column.member("codes_"), let names = column.member("categories_"),
      let numbers = try values(of: codes)?.map({ Int($0) ?? -1 })
    else { return nil }
    let reader = ColumnReader(blobs: blobs, limit: min(1000, (numbers.max() ?? 0) + 1))
    guard let found = try reader.values(of: names) else { return nil }
    return numbers.map { $0 < 0 ? "missing" : found[safe: $0] ?? "#\($0)" }
  }
}

extension ColumnReader {
  /// The place of the first value in the buffers of an array of Arrow; nil for one that no buffer could have.
  private func offset(_ column: StoredObject) -> UInt64? {
    let offset = column.count("offset_") ?? 0
    return offset < 1 << 48 ? UInt64(offset) : nil
  }

  private func bits(_ column: StoredObject, _ key: String) throws(ProgramError) -> [Bool]? {
    guard let start = offset(column) else { return nil }
    let wanted = count(column)
    let first = start / 8
    guard let bytes = try blobs.bytes(column, key, first..<(start + UInt64(wanted) + 7) / 8) else { return nil }
    return (0..<wanted).compactMap { number in
      let place = Int(start % 8) + number
      return bytes[safe: place / 8].map { $0 >> UInt8(place % 8) & 1 == 1 }
    }
  }

  /// Values, those that are missing marked as such.
  private func marked(_ values: [String], _ column: StoredObject) throws(ProgramError) -> [String] {
    guard column.count("null_count_") != 0, let bitmap = column.member("null_bitmap_"), bitmap.id != .emptyBlob,
      let valid = try bits(column, "null_bitmap_"), valid.count == values.count
    else { return values }
    return zip(values, valid).map { $1 ? $0 : "null" }
  }
}
