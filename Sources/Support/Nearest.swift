/// The known word closest to a mistyped one, nil when none is close.
public func nearest(to word: String, in known: [String]) -> String? {
  let limit = max(1, word.count / 3)
  let scored = known.map { (word: $0, distance: editDistance(word, $0)) }
  return scored.filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.word
}

/// The number of single-character insertions, removals and replacements between two words (Levenshtein).
private func editDistance(_ left: String, _ right: String) -> Int {
  let right = Array(right)
  var row = Array(0...right.count)
  for (lineNumber, character) in left.enumerated() {
    var diagonal = row[0]
    row[0] = lineNumber + 1
    for column in right.indices {
      let replaced = diagonal + (right[column] == character ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(replaced, row[column + 1] + 1, row[column] + 1)
    }
  }
  return row[right.count]
}
