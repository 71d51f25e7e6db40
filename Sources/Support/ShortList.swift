extension [String] {
  /// The first five in alphabetical order and how many more there are: `a, b, c, d, e and 3 more`.
  public var shortList: String {
    let shown = sorted().prefix(5).joined(separator: ", ")
    return count > 5 ? "\(shown) and \(count - 5) more" : shown
  }
}
