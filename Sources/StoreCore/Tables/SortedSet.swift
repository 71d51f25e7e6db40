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
