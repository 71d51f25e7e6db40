// Readers of fields need the dictionary's members.
@_exported import OrderedCollections

/// The fields of a JSON or YAML object, in the order in which they were written.
public typealias Fields = OrderedDictionary<String, Value>

/// A JSON or YAML value.
///
/// Integers of 64 bits are exact; every other number keeps its text. Two objects are equal when they have the same
/// fields, whatever their order.
public enum Value: Sendable {
  case null
  case boolean(Bool)
  case integer(Int64)
  /// A number that is no signed integer of 64 bits, as JSON text.
  case decimal(String)
  case string(String)
  case array([Value])
  case object(Fields)
}

extension Value: Equatable {
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.boolean(let left), .boolean(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.decimal(let left), .decimal(let right)): left == right
    case (.string(let left), .string(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)):
      left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    default: false
    }
  }
}

extension Value: Hashable {
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .boolean(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(value)
    case .decimal(let text), .string(let text): hasher.combine(text)
    case .array(let elements): hasher.combine(elements)
    case .object(let fields):
      // A sum does not depend on the order.
      var sum = 0
      for (key, value) in fields {
        var field = Hasher()
        field.combine(key)
        field.combine(value)
        sum &+= field.finalize()
      }
      hasher.combine(sum)
    }
  }
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringInterpolation,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(arrayLiteral elements: Value...) { self = .array(elements) }
  /// A repeated key keeps its first value.
  public init(dictionaryLiteral elements: (String, Value)...) {
    self = .object(Fields(elements, uniquingKeysWith: { first, _ in first }))
  }
  public init(nilLiteral: ()) { self = .null }
}

extension Value {
  /// The text of a string.
  public var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// The value of an integer that fits.
  public var int: Int? {
    if case .integer(let value) = self { return Int(exactly: value) }
    return nil
  }

  /// The value of a boolean.
  public var bool: Bool? {
    if case .boolean(let value) = self { return value }
    return nil
  }

  /// The elements of an array.
  public var array: [Value]? {
    if case .array(let elements) = self { return elements }
    return nil
  }

  /// The fields of an object.
  public var fields: Fields? {
    if case .object(let fields) = self { return fields }
    return nil
  }

  /// Whether this is null.
  public var isNull: Bool { self == .null }

  /// The fields of an object whose values are strings, as labels and annotations are; others are left out.
  public var stringFields: [String: String] {
    (fields ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value.string }
  }

  /// An object of strings, its keys sorted.
  public init(_ fields: [String: String]) {
    self = .object(Fields(uniqueKeysWithValues: fields.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  /// An array of strings.
  public init(_ texts: [String]) { self = .array(texts.map { .string($0) }) }

  /// An integer.
  public init(_ value: Int) { self = .integer(Int64(value)) }
}
