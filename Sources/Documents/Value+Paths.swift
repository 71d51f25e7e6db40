import OrderedCollections

/// Reading and writing below the top of a tree.
extension Value {
  /// The value below a path of keys, nil where one is missing.
  ///
  /// Setting makes the objects on the way, replacing what is no object; setting nil removes the last key.
  public subscript(_ path: String...) -> Value? {
    get { value(at: path[...]) }
    set { set(newValue, at: path[...]) }
  }

  /// The value below a path of keys.
  public subscript(path path: [String]) -> Value? {
    get { value(at: path[...]) }
    set { set(newValue, at: path[...]) }
  }

  /// An element of an array, nil when there is none; setting an index out of range does nothing.
  public subscript(index: Int) -> Value? {
    get {
      guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
      return elements[index]
    }
    set {
      guard case .array(var elements) = self, elements.indices.contains(index), let newValue else { return }
      elements[index] = newValue
      self = .array(elements)
    }
  }

  private func value(at path: ArraySlice<String>) -> Value? {
    guard let key = path.first else { return self }
    guard case .object(let fields) = self else { return nil }
    return fields[key]?.value(at: path.dropFirst())
  }

  private mutating func set(_ newValue: Value?, at path: ArraySlice<String>) {
    guard let key = path.first else {
      self = newValue ?? .null
      return
    }
    var fields = self.fields ?? [:]
    if path.count == 1 {
      fields[key] = newValue
    } else {
      if newValue == nil && fields[key] == nil { return }
      fields[key, default: .object([:])].set(newValue, at: path.dropFirst())
    }
    self = .object(fields)
  }

  /// Changes an array element by element; what is no array stays.
  public mutating func mapElements(_ change: (inout Value) throws -> Void) rethrows {
    guard case .array(var elements) = self else { return }
    for index in elements.indices { try change(&elements[index]) }
    self = .array(elements)
  }

  /// Appends to an array; anything else becomes an array of this one element.
  public mutating func append(_ element: Value) {
    self = .array((array ?? []) + [element])
  }
}
