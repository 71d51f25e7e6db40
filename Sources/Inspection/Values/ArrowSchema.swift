import Documents

/// The names of the columns of an Arrow schema.
///
/// Source: Apache Arrow, "Arrow Columnar Format", encapsulated messages; Schema.fbs, Message.fbs.
struct ArrowSchema {
  let names: [String]

  /// Columns that are read.
  private static let mostNames = 4096

  /// - Returns: nil for a schema that cannot be read.
  init?(of object: StoredObject) {
    guard let numbers = object.json("schema_binary_")?["bytes"]?.array else { return nil }
    self.init(message: numbers.map { UInt8(truncatingIfNeeded: $0.int ?? 0) })
  }

  /// - Parameter message: an encapsulated message with a schema.
  init?(message: [UInt8]) {
    var start = 0
    if message.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]) { start = 4 }
    guard message.count > start + 8 else { return nil }
    let buffer = FlatBuffer(Array(message[(start + 4)...]))
    guard let root = buffer.root, let schema = root.table(2), let fields = schema.tables(1, limit: Self.mostNames)
    else {
      return nil
    }
    names = fields.map { $0.string(0) ?? "" }
  }
}

/// A buffer of FlatBuffers, every step in it checked: it comes from whoever wrote the object.
///
/// Source: FlatBuffers, "Internals".
struct FlatBuffer {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var root: Table? { integer(at: 0, 4).flatMap { Table(self, at: $0) } }

  fileprivate func integer(at place: Int, _ size: Int) -> Int? {
    guard place >= 0, place <= bytes.count - size else { return nil }
    return bytes[place..<place + size].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// A table: where it is, and where its fields are.
  struct Table {
    private let buffer: FlatBuffer
    private let place: Int
    private let fields: Int
    private let fieldsSize: Int

    fileprivate init?(_ buffer: FlatBuffer, at place: Int) {
      guard let distance = buffer.integer(at: place, 4) else { return nil }
      let fields = place - Int(Int32(truncatingIfNeeded: distance))
      guard let size = buffer.integer(at: fields, 2) else { return nil }
      self.buffer = buffer
      self.place = place
      self.fields = fields
      fieldsSize = size
    }

    /// The place of a field; nil when it is left out.
    private func place(of field: Int) -> Int? {
      guard 4 + 2 * field + 2 <= fieldsSize, let offset = buffer.integer(at: fields + 4 + 2 * field, 2), offset > 0
      else {
        return nil
      }
      return place + offset
    }

    private func target(of field: Int) -> Int? {
      place(of: field).flatMap { start in buffer.integer(at: start, 4).map { start + $0 } }
    }

    func table(_ field: Int) -> Table? { target(of: field).flatMap { Table(buffer, at: $0) } }

    func string(_ field: Int) -> String? {
      guard let start = target(of: field), let length = buffer.integer(at: start, 4), length <= 4096,
        start + 4 + length <= buffer.bytes.count
      else { return nil }
      return String(decoding: buffer.bytes[(start + 4)..<(start + 4 + length)], as: UTF8.self)
    }

    func tables(_ field: Int, limit: Int) -> [Table]? {
      guard let start = target(of: field), let count = buffer.integer(at: start, 4), count <= limit else { return nil }
      return (0..<count).compactMap { number in
        let place = start + 4 + 4 * number
        return buffer.integer(at: place, 4).flatMap { Table(buffer, at: place + $0) }
      }
    }
  }
}
