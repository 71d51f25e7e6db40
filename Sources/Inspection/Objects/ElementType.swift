import Documents

/// The type of the elements of an array, as NumPy, Arrow or C++ name it.
public struct ElementType: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case boolean, signed, unsigned, float, complex
    /// bfloat16: the upper half of a float of 32 bits.
    case brainFloat
    /// Time since 1970, or a length of time, in a unit of NumPy.
    case instant(unit: String)
    case duration(unit: String)
    /// Bytes, or code points of 32 bits, of a fixed number.
    case bytes, text
  }

  let kind: Kind
  /// Bytes of an element.
  let size: Int
  let isBigEndian: Bool

  init(_ kind: Kind, _ size: Int, isBigEndian: Bool = false) {
    self.kind = kind
    self.size = size
    self.isBigEndian = isBigEndian
  }

  /// Reads `<f8`, `|b1` or `<M8[ns]` (NumPy, "The array interface protocol").
  init?(interface text: String) {
    guard let order = text.first, "<>|=".contains(order) else { return nil }
    let code = text.dropFirst()
    guard let letter = code.first else { return nil }
    let digits = code.dropFirst().prefix { $0.isASCII && $0.isNumber }
    guard let size = Int(digits), (1...1 << 20).contains(size) else { return nil }
    let unit = code.dropFirst(1 + digits.count).dropFirst().dropLast()
    let isBig = order == ">"
    switch (letter, size) {
    case ("b", 1): self.init(.boolean, 1)
    case ("i", 1), ("i", 2), ("i", 4), ("i", 8): self.init(.signed, size, isBigEndian: isBig)
    case ("u", 1), ("u", 2), ("u", 4), ("u", 8): self.init(.unsigned, size, isBigEndian: isBig)
    case ("f", 2), ("f", 4), ("f", 8): self.init(.float, size, isBigEndian: isBig)
    case ("c", 8), ("c", 16): self.init(.complex, size, isBigEndian: isBig)
    case ("M", 8): self.init(.instant(unit: String(unit)), 8, isBigEndian: isBig)
    case ("m", 8): self.init(.duration(unit: String(unit)), 8, isBigEndian: isBig)
    case ("S", _): self.init(.bytes, size)
    case ("U", _) where size <= 1 << 18: self.init(.text, size * 4, isBigEndian: isBig)
    default: return nil
    }
  }

  /// Reads a name: `int64`, `double`, `uint32_t`, `datetime64[ns]`, `bfloat16`.
  init?(named name: String) {
    let base = name.hasSuffix("_t") ? String(name.dropLast(2)) : name
    if let known = Self.names[base] {
      self = known
      return
    }
    for (prefix, isInstant) in [
      ("datetime64[", true), ("timedelta64[", false), ("timestamp[", true), ("duration[", false),
    ]
    where base.hasPrefix(prefix) {
      let unit = String(base.dropFirst(prefix.count).prefix { $0.isLetter || $0 == "μ" })
      self.init(isInstant ? .instant(unit: unit) : .duration(unit: unit), 8)
      return
    }
    return nil
  }

  private static let names: [String: ElementType] = [
    "bool": .init(.boolean, 1), "boolean": .init(.boolean, 1),
    "int8": .init(.signed, 1), "int16": .init(.signed, 2), "int32": .init(.signed, 4), "int": .init(.signed, 4),
    "int64": .init(.signed, 8), "long": .init(.signed, 8), "long long": .init(.signed, 8),
    "uint8": .init(.unsigned, 1), "uint16": .init(.unsigned, 2), "uint32": .init(.unsigned, 4),
    "uint": .init(.unsigned, 4), "uint64": .init(.unsigned, 8),
    "float16": .init(.float, 2), "half": .init(.float, 2), "halffloat": .init(.float, 2),
    "float32": .init(.float, 4), "float": .init(.float, 4), "float64": .init(.float, 8), "double": .init(.float, 8),
    "bfloat16": .init(.brainFloat, 2), "complex64": .init(.complex, 8), "complex128": .init(.complex, 16),
    "date32[day]": .init(.instant(unit: "D32"), 4), "date64[ms]": .init(.instant(unit: "ms"), 8),
  ]
}

extension ElementType {
  /// The type of an object's elements, by its fields and, in objects of C++, by its type name; nil for what has none.
  init?(of object: StoredObject) {
    if let text = object.tree["value_type_meta_"]?.string, let type = ElementType(interface: text) {
      self = type
      return
    }
    if let text = object.json("dtype_")?.string, let type = ElementType(interface: text) {
      self = type
      return
    }
    let names = [object.tree["value_type_"]?.string, object.tree["dtype_"]?.string, object.parameter]
    guard let type = names.lazy.compactMap({ $0.flatMap { ElementType(named: $0) } }).first else { return nil }
    self = type
  }
}

extension StoredObject {
  /// The part of the type name between the first `<` and the last `>`.
  var parameter: String? {
    guard let start = typename.firstIndex(of: "<"), let end = typename.lastIndex(of: ">"), start < end else {
      return nil
    }
    return String(typename[typename.index(after: start)..<end])
  }

  /// The type name before the first `<`, without its namespace.
  var baseType: String {
    let name = typename.prefix { $0 != "<" }
    return name.hasPrefix("vineyard::") ? String(name.dropFirst(10)) : String(name)
  }
}
