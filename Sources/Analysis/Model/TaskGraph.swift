import Support

/// The tasks of one graph and what they say they wait for.
struct TaskGraph {
  private struct Task {
    let name: String
    let place: Place
    let needs: [Entry]
  }

  private var tasks: [Task] = []
  private var indexes: [String: Int] = [:]

  /// - Parameter needs: names of tasks, each where it stands.
  mutating func add(_ name: String, at place: Place, needs: [Entry]) {
    indexes[name] = indexes[name] ?? tasks.count
    tasks.append(Task(name: name, place: place, needs: needs))
  }

  /// Reports names of no task, and the first tasks that wait for each other.
  func report(to builder: inout ModelBuilder) {
    for task in tasks {
      for need in task.needs where indexes[need.text] == nil && !Placeholders.isOpen(need.text) {
        builder.report(
          need.place, "task \(task.name.quoted) waits for \(need.text.quoted), which is no task here",
          hint: near(need.text))
      }
    }
    guard let circle = circle(), let first = circle.min() else { return }
    let others = circle.filter { $0 != first }.map { tasks[$0].name.quoted }
    let way = others.count > 3 ? "\(others.count) others" : others.joined(separator: ", ")
    builder.report(
      tasks[first].place,
      "task \(tasks[first].name.quoted) waits for itself" + (others.isEmpty ? "" : ", by way of \(way)"))
  }

  /// Tasks that wait for each other; nil when there are none.
  private func circle() -> [Int]? {
    let needs = tasks.map { task in task.needs.compactMap { indexes[$0.text] } }
    var waiting = needs.map(\.count)
    var followers: [[Int]] = Array(repeating: [], count: tasks.count)
    for (task, needed) in needs.enumerated() { for other in needed { followers[other].append(task) } }
    var ready = waiting.indices.filter { waiting[$0] == 0 }
    while let done = ready.popLast() {
      for follower in followers[done] {
        waiting[follower] -= 1
        if waiting[follower] == 0 { ready.append(follower) }
      }
    }
    // Each task that is left waits for another one that is left: whoever follows them comes back.
    guard var task = waiting.firstIndex(where: { $0 > 0 }) else { return nil }
    var path: [Int] = []
    var places: [Int: Int] = [:]
    while places[task] == nil {
      places[task] = path.count
      path.append(task)
      guard let next = needs[task].first(where: { waiting[$0] > 0 }) else { return nil }
      task = next
    }
    return places[task].map { Array(path[$0...]) }
  }

  /// A guess, where it does not take long.
  private func near(_ name: String) -> String? {
    guard tasks.count <= 100 else { return nil }
    return nearest(to: name, in: tasks.map(\.name)).map { "did you mean '\($0)'?" }
  }
}
