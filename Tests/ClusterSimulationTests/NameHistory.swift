import StoreProtocol

/// What became of the names of a simulation: who wanted what when, and what etcd said in which order.
struct NameHistory {
  /// A request that wants a name to lead somewhere.
  struct Wish {
    let target: ObjectID?
    /// The step at which it was made.
    let begin: Int
    /// The step at which its client was told that it is done; nil when that never happened.
    var end: Int?
    /// Whether its client was told that it is not done.
    var isRefused = false
    /// The revision at which etcd first had it.
    var written: Int64?
  }

  private var wishes: [String: [Wish]] = [:]
  private var values: [String: [(revision: Int64, target: ObjectID?)]] = [:]

  mutating func wish(_ name: String, _ target: ObjectID?, at step: Int) {
    wishes[name, default: []].append(Wish(target: target, begin: step))
  }

  /// The client of the oldest such wish was told what became of it.
  mutating func end(_ name: String, _ target: ObjectID?, at step: Int, isRefused: Bool) {
    guard let index = wishes[name]?.firstIndex(where: { $0.target == target && $0.end == nil && !$0.isRefused }) else {
      return
    }
    if isRefused { wishes[name]?[index].isRefused = true } else { wishes[name]?[index].end = step }
  }

  /// Etcd has changed a name.
  ///
  /// - Returns: what is wrong with that: something that was over before the name led elsewhere came back.
  mutating func change(_ name: String, _ target: ObjectID?, at revision: Int64) -> String? {
    values[name, default: []].append((revision, target))
    for index in wishes[name, default: []].indices {
      guard wishes[name]?[index].target == target, wishes[name]?[index].written == nil else { continue }
      wishes[name]?[index].written = revision
    }
    guard let target else { return nil }
    let same = wishes[name, default: []].filter { $0.target == target }
    guard !same.isEmpty else { return "'\(name)' leads to \(target), which nobody asked for" }
    let later = wishes[name, default: []].first { wish in
      // What was written and refused is taken back.
      guard wish.target != target, wish.target != nil, !wish.isRefused, let written = wish.written, written < revision
      else { return false }
      return same.allSatisfy { $0.end.map { $0 < wish.begin } ?? false }
    }
    guard let later else { return nil }
    return "'\(name)' leads to \(target) again, after it was given to \(later.target.map { "\($0)" } ?? "nobody")"
  }

  /// Whether a name led somewhere at a revision or later.
  func led(_ name: String, to target: ObjectID?, since revision: Int64) -> Bool {
    let values = values[name, default: []]
    if values.contains(where: { $0.revision > revision && $0.target == target }) { return true }
    return values.last { $0.revision <= revision }?.target == target
  }

  /// The objects to which a name led at a revision or later.
  func targets(of name: String, since revision: Int64) -> [ObjectID] {
    let values = values[name, default: []]
    let former = values.last { $0.revision <= revision }.flatMap(\.target)
    return (former.map { [$0] } ?? []) + values.filter { $0.revision > revision }.compactMap(\.target)
  }

  /// Whether a request that is not done yet wants this.
  func isWished(_ name: String, _ target: ObjectID?) -> Bool {
    wishes[name, default: []].contains { $0.target == target && $0.end == nil && !$0.isRefused }
  }

  /// Whether all who wanted this were told that it is not done.
  func isRefused(_ name: String, _ target: ObjectID) -> Bool {
    let same = wishes[name, default: []].filter { $0.target == target }
    return !same.isEmpty && same.allSatisfy(\.isRefused)
  }
}
