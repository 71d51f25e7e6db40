/// Rows under a header in aligned columns, two blanks apart, as kubectl prints them.
public struct Table: Sendable, Equatable {
  public let header: [String]
  public private(set) var rows: [[String]] = []

  /// An empty table; headers are written in capitals.
  public init(_ header: String...) { self.header = header.map { $0.uppercased() } }

  /// An empty table with columns in a list.
  public init(columns: [String]) { self.header = columns.map { $0.uppercased() } }

  /// An empty table whose header stays as it is.
  public init(exactly columns: [String]) { self.header = columns }

  /// Adds a row with as many cells as the header has.
  public mutating func add(row cells: [String]) { rows.append(cells.map { $0.isEmpty ? "-" : $0.onOneLine }) }

  /// The table without some columns, where no row has anything in them.
  public func withoutEmpty(_ columns: Set<String>) -> Table {
    let optional = Set(columns.map { $0.uppercased() })
    let kept = header.indices.filter { column in
      !optional.contains(header[column]) || rows.contains { $0[column] != "-" }
    }
    var table = Table(columns: kept.map { header[$0] })
    table.rows = rows.map { row in kept.map { row[$0] } }
    return table
  }

  /// Adds a row with as many cells as the header has; an empty cell is shown as `-`.
  public mutating func add(_ cells: String...) {
    rows.append(cells.map { $0.isEmpty ? "-" : $0.onOneLine })
  }

  /// The table as text; ends with a line break.
  public var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { cells in
      let line = zip(cells, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }.joined(separator: "  ")
      return line.trimmingTrailingBlanks() + "\n"
    }.joined()
  }
}

extension String {
  fileprivate func trimmingTrailingBlanks() -> Substring {
    guard let last = lastIndex(where: { $0 != " " }) else { return "" }
    return self[...last]
  }
}
