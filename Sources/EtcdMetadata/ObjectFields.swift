import JSON
import MetadataBackend
import StoreProtocol

/// Objects that are keys of their own for each field, `typename` last: they are larger than etcd takes at once.
enum ObjectFields {
  /// The fields of an object's text.
  static func list(_ text: [UInt8]) -> [(name: String, value: [UInt8])] {
    text.withUnsafeBytes { bytes in
      var fields: [(name: String, value: [UInt8])] = []
      var type: (name: String, value: [UInt8])?
      var scanner = JSONScanner(bytes)
      try? scanner.scanObject { key, value in
        let field = (name: bytes.string(key), value: Array(bytes.slice(value)))
        if field.name == "typename" { type = field } else { fields.append(field) }
      }
      return fields + (type.map { [$0] } ?? [])
    }
  }

  /// The text of an object with these fields.
  static func text(_ fields: [String: [UInt8]]) -> [UInt8] {
    let writer = ByteWriter(capacity: fields.reduce(16) { $0 + $1.key.utf8.count + $1.value.count + 4 })
    for (name, value) in fields {
      writer.append(writer.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
      writer.append(jsonString: name)
      writer.append(UInt8(ascii: ":"))
      writer.append(value)
    }
    writer.append(writer.count == 0 ? "{}" : "}")
    return Array(writer.bytes)
  }
}

/// Fields that came as keys of their own, of objects that are not whole yet.
struct FieldCollector {
  private var objects: [MetadataPlace: [String: [UInt8]]] = [:]

  var places: [MetadataPlace] { Array(objects.keys) }

  /// Adds a field.
  ///
  /// - Returns: the text of the object, once its type is there.
  mutating func add(_ field: String, _ value: [UInt8], of place: MetadataPlace) -> [UInt8]? {
    objects[place, default: [:]][field] = value
    guard field == "typename" else { return nil }
    return objects.removeValue(forKey: place).map { ObjectFields.text($0) }
  }

  /// Takes a field of an object that came as a whole.
  mutating func take(_ field: String, of place: MetadataPlace) -> [UInt8]? {
    objects.isEmpty ? nil : objects.removeValue(forKey: place)?[field]
  }

  mutating func remove(_ place: MetadataPlace) { objects[place] = nil }

  /// Forgets a field.
  mutating func remove(_ field: String, of place: MetadataPlace) {
    if objects.isEmpty { return }
    objects[place]?[field] = nil
    if objects[place]?.isEmpty == true { objects[place] = nil }
  }

  mutating func removeAll(of session: UInt64) { objects = objects.filter { $0.key.session != session } }
}
