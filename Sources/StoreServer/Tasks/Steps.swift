import StoreCore
import StoreProtocol

/// A request that does something for each of many, perhaps several things one after another, then answers.
struct Steps: RequestTask {
  private struct Phase {
    let count: () -> Int
    let body: (Int) throws(StoreError) -> Void
  }

  private var phases: [Phase] = []
  private var phase = 0
  private var index = 0
  private var finish: () throws(StoreError) -> Disposition = { () throws(StoreError) in .reply }

  /// Adds something to do.
  ///
  /// - Parameter count: how often, asked when what comes before is done.
  func forEach(
    of count: @escaping () -> Int, _ body: @escaping (Int) throws(StoreError) -> Void
  ) -> Steps {
    var steps = self
    steps.phases.append(Phase(count: count, body: body))
    return steps
  }

  /// Adds the end, which makes the reply.
  func then(_ finish: @escaping () throws(StoreError) -> Disposition) -> Steps {
    var steps = self
    steps.finish = finish
    return steps
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    while phase < phases.count {
      let count = phases[phase].count()
      while index < count {
        if handler.store.work.isSpent { return nil }
        handler.store.work.spend(Work.entry)
        try phases[phase].body(index)
        index += 1
      }
      phase += 1
      index = 0
    }
    return try finish()
  }
}
