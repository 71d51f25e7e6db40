/// Values under unique keys, in ascending order of the keys.
///
/// Entries lie in leaves of at most ``leafCapacity``. Finding and changing one takes time that grows with the logarithm
/// of their number, and at most one leaf is moved: unlike a hash table this never moves everything at once. A copy
/// shares its leaves until one of them changes.
struct SortedTable<Key: Comparable, Value> {
  /// Entries of neighbouring keys.
  struct Leaf {
    var keys: ContiguousArray<Key> = []
    var values: ContiguousArray<Value> = []
  }

  private typealias Place = (leaf: Int, index: Int)

  static var leafCapacity: Int { 128 }

  private var leaves: ContiguousArray<Leaf> = []
  /// The first key of each leaf.
  private var firsts: ContiguousArray<Key> = []
  private(set) var count = 0

  init() {}

  var isEmpty: Bool { count == 0 }

  // MARK: - Finding

  /// The leaf that has `key`, or would have it.
  private func leaf(for key: Key) -> Int {
    var low = 0
    var high = firsts.count
    if let last = firsts.last, last <= key { return high - 1 }
    while low < high {
      let middle = low + (high - low) / 2
      if firsts[middle] <= key { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : low - 1
  }

  /// Index of the first key that is not below `key`, and whether it is `key` itself; the leaf must exist.
  private func index(of key: Key, in leaf: Int) -> (index: Int, isThere: Bool) {
    let keys = leaves[leaf].keys
    var low = 0
    var high = keys.count
    if let last = keys.last, last < key { return (high, false) }
    while low < high {
      let middle = low + (high - low) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return (low, low < keys.count && keys[low] == key)
  }

  private func place(of key: Key) -> Place? {
    if leaves.isEmpty { return nil }
    let leaf = leaf(for: key)
    let (index, isThere) = index(of: key, in: leaf)
    return isThere ? (leaf, index) : nil
  }

  subscript(key: Key) -> Value? {
    get { place(of: key).map { leaves[$0.leaf].values[$0.index] } }
    set {
      if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
    }
  }

  func contains(_ key: Key) -> Bool { place(of: key) != nil }

  var last: (key: Key, value: Value)? {
    guard let leaf = leaves.last, let key = leaf.keys.last, let value = leaf.values.last else { return nil }
    return (key, value)
  }

  /// The first entry whose key is not below `key`.
  func first(from key: Key) -> (key: Key, value: Value)? {
    var iterator = entries(from: key).makeIterator()
    return iterator.next()
  }

  /// The last entry whose key is not above `key`.
  func last(through key: Key) -> (key: Key, value: Value)? {
    guard !leaves.isEmpty else { return nil }
    let leaf = leaf(for: key)
    let (index, isThere) = index(of: key, in: leaf)
    let place = isThere ? index : index - 1
    return place < 0 ? nil : (leaves[leaf].keys[place], leaves[leaf].values[place])
  }

  // MARK: - Changing

  /// Changes a value where it lies.
  ///
  /// - Returns: what `body` returns, nil when there is no such key.
  @discardableResult
  mutating func update<Result>(_ key: Key, _ body: (inout Value) -> Result) -> Result? {
    guard let place = place(of: key) else { return nil }
    return body(&leaves[place.leaf].values[place.index])
  }

  /// - Returns: the value that was there.
  @discardableResult
  mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
    if leaves.isEmpty { return append(value, key) }
    let leaf = leaf(for: key)
    let (index, isThere) = index(of: key, in: leaf)
    if isThere {
      let old = leaves[leaf].values[index]
      leaves[leaf].values[index] = value
      return old
    }
    if leaves[leaf].keys.count == Self.leafCapacity {
      if leaf == leaves.count - 1, index == Self.leafCapacity { return append(value, key) }
      split(leaf)
      return updateValue(value, forKey: key)
    }
    leaves[leaf].keys.insert(key, at: index)
    leaves[leaf].values.insert(value, at: index)
    if index == 0 { firsts[leaf] = key }
    count += 1
    return nil
  }

  /// Begins a leaf at the end: keys that only grow fill every leaf.
  private mutating func append(_ value: Value, _ key: Key) -> Value? {
    leaves.append(Leaf(keys: [key], values: [value]))
    firsts.append(key)
    count += 1
    return nil
  }

  private mutating func split(_ leaf: Int) {
    let half = Self.leafCapacity / 2
    let upper = Leaf(
      keys: ContiguousArray(leaves[leaf].keys[half...]), values: ContiguousArray(leaves[leaf].values[half...]))
    leaves[leaf].keys.removeLast(upper.keys.count)
    leaves[leaf].values.removeLast(upper.values.count)
    firsts.insert(upper.keys[0], at: leaf + 1)
    leaves.insert(upper, at: leaf + 1)
    ensure(firsts[leaf] < firsts[leaf + 1], "a leaf of a table begins before the one in front of it")
  }

  /// - Returns: the value that was there.
  @discardableResult
  mutating func removeValue(forKey key: Key) -> Value? {
    guard let place = place(of: key) else { return nil }
    return remove(at: place).value
  }

  /// Takes the entry with the smallest key.
  mutating func popFirst() -> (key: Key, value: Value)? { leaves.isEmpty ? nil : remove(at: (0, 0)) }

  /// Takes the entry with the largest key.
  mutating func popLast() -> (key: Key, value: Value)? {
    guard let last = leaves.last else { return nil }
    return remove(at: (leaves.count - 1, last.keys.count - 1))
  }

  /// Drops a leaf of entries; false when there is none left.
  mutating func dropLeaf() -> Bool {
    guard let last = leaves.popLast() else { return false }
    firsts.removeLast()
    count -= last.keys.count
    return true
  }

  private mutating func remove(at place: Place) -> (key: Key, value: Value) {
    let key = leaves[place.leaf].keys.remove(at: place.index)
    let value = leaves[place.leaf].values.remove(at: place.index)
    count -= 1
    ensure(count >= 0, "a table has \(count) entries")
    if leaves[place.leaf].keys.isEmpty {
      leaves.remove(at: place.leaf)
      firsts.remove(at: place.leaf)
    } else {
      if place.index == 0 { firsts[place.leaf] = leaves[place.leaf].keys[0] }
      joinIfSparse(place.leaf)
    }
    return (key, value)
  }

  /// Puts a leaf with few entries and the one behind it together, so that what is left takes no more than it needs.
  private mutating func joinIfSparse(_ leaf: Int) {
    let sparse = Self.leafCapacity / 4
    guard leaves[leaf].keys.count < sparse, leaf + 1 < leaves.count, leaves[leaf + 1].keys.count < 2 * sparse else {
      return
    }
    let upper = leaves.remove(at: leaf + 1)
    firsts.remove(at: leaf + 1)
    leaves[leaf].keys.append(contentsOf: upper.keys)
    leaves[leaf].values.append(contentsOf: upper.values)
  }
}

// MARK: - Going through the entries

extension SortedTable: Sequence {
  struct Iterator: IteratorProtocol {
    fileprivate let leaves: ContiguousArray<Leaf>
    fileprivate var leaf: Int
    fileprivate var index: Int

    mutating func next() -> (key: Key, value: Value)? {
      while leaf < leaves.count {
        if index < leaves[leaf].keys.count {
          defer { index += 1 }
          return (leaves[leaf].keys[index], leaves[leaf].values[index])
        }
        leaf += 1
        index = 0
      }
      return nil
    }
  }

  func makeIterator() -> Iterator { Iterator(leaves: leaves, leaf: 0, index: 0) }

  var underestimatedCount: Int { count }

  /// The entries whose keys are not below `key`, in ascending order.
  func entries(from key: Key) -> IteratorSequence<Iterator> {
    guard !leaves.isEmpty else { return IteratorSequence(makeIterator()) }
    let leaf = leaf(for: key)
    return IteratorSequence(Iterator(leaves: leaves, leaf: leaf, index: index(of: key, in: leaf).index))
  }

  /// The keys in ascending order.
  var keys: LazyMapSequence<SortedTable, Key> { lazy.map { $0.key } }

  /// The values in the order of their keys.
  var values: LazyMapSequence<SortedTable, Value> { lazy.map { $0.value } }
}

/// Unique elements in ascending order; costs are those of a ``SortedTable``.
struct SortedSet<Element: Comparable>: Sequence {
  private var table = SortedTable<Element, Void>()

  init() {}

  var count: Int { table.count }
  var isEmpty: Bool { table.isEmpty }
  var last: Element? { table.last?.key }

  func contains(_ element: Element) -> Bool { table.contains(element) }

  /// - Returns: false when the element was there already.
  @discardableResult
  mutating func insert(_ element: Element) -> Bool { table.updateValue((), forKey: element) == nil }

  /// - Returns: whether the element was there.
  @discardableResult
  mutating func remove(_ element: Element) -> Bool { table.removeValue(forKey: element) != nil }

  mutating func popFirst() -> Element? { table.popFirst()?.key }

  /// Drops some elements; false when there are none left.
  mutating func dropLeaf() -> Bool { table.dropLeaf() }

  mutating func removeAll() { table = SortedTable() }

  func makeIterator() -> LazyMapSequence<SortedTable<Element, Void>, Element>.Iterator { table.keys.makeIterator() }

  var underestimatedCount: Int { count }

  /// The first element that is not below `element`.
  func first(from element: Element) -> Element? { table.first(from: element)?.key }

  /// The last element that is not above `element`.
  func last(through element: Element) -> Element? { table.last(through: element)?.key }

  /// The elements that are not below `element`, in ascending order.
  func elements(from element: Element) -> some Sequence<Element> { table.entries(from: element).lazy.map { $0.key } }
}
