import OrderedCollections

/// A value of a YAML text, with the places at which it and its key stand.
public struct LocatedValue: Sendable {
  /// The value itself.
  public enum Content: Sendable {
    /// A text, a number, a truth value or null.
    case scalar(Value)
    case array([LocatedValue])
    case object(OrderedDictionary<String, LocatedValue>)
  }

  public let content: Content
  /// The place of the value; where an alias stands for it, that of the alias.
  public private(set) var position: DocumentError.Position
  /// The place of its key, nil for what is no field.
  public private(set) var keyPosition: DocumentError.Position?
  /// Whether it is a text in literal style (`|`), whose lines begin below that of `position`.
  public let isLiteral: Bool

  private init(_ content: Content, _ event: YAMLEvent) {
    self.content = content
    position = event.position
    isLiteral = event.isLiteral
  }
}

extension LocatedValue: YAMLTree {
  static func scalar(_ value: Value, _ event: YAMLEvent) -> LocatedValue { LocatedValue(.scalar(value), event) }
  static func array(_ elements: [LocatedValue], _ event: YAMLEvent) -> LocatedValue {
    LocatedValue(.array(elements), event)
  }
  static func object(_ fields: OrderedDictionary<String, LocatedValue>, _ event: YAMLEvent) -> LocatedValue {
    LocatedValue(.object(fields), event)
  }

  func below(_ key: YAMLEvent) -> LocatedValue {
    var field = self
    field.keyPosition = key.position
    return field
  }

  func aliased(by event: YAMLEvent) -> LocatedValue {
    var alias = self
    alias.position = event.position
    return alias
  }

  /// The value of a scalar, nil for anything else.
  public var scalar: Value? {
    if case .scalar(let value) = content { return value }
    return nil
  }

  /// The elements of an array, nil for anything else.
  public var elements: [LocatedValue]? {
    if case .array(let elements) = content { return elements }
    return nil
  }

  /// The fields of an object, nil for anything else.
  public var children: OrderedDictionary<String, LocatedValue>? {
    if case .object(let fields) = content { return fields }
    return nil
  }
}

/// The documents of a YAML text with their places, as far as they can be read.
public struct LocatedDocuments: Sendable {
  /// The documents before the first mistake; empty ones are left out.
  public private(set) var documents: [LocatedValue] = []
  /// The first mistake, behind which nothing is read; nil without one.
  public private(set) var error: DocumentError?
  /// Number of values in them; an alias counts as what it stands for.
  public let valueCount: Int

  /// Reads a text; JSON is YAML.
  ///
  /// - Parameter valueLimit: the number of values from which the text counts as a mistake.
  public init(yaml text: String, valueLimit: Int = 1_000_000) {
    var reader = YAMLTreeReader<LocatedValue>(bytes: Array(text.utf8), valueLimit: valueLimit)
    defer { reader.close() }
    do throws(DocumentError) {
      while let document = try reader.nextDocument() {
        if document.scalar?.isNull != true { documents.append(document) }
      }
    } catch {
      self.error = error
    }
    valueCount = reader.valueCount
  }
}
