import JSON
import StoreCore
import StoreProtocol

/// A request that is answered in steps, between which other clients are served.
///
/// A step ends when the work allowed is spent, see `Store.work`. The message stays where it is until the request is
/// answered; a task keeps spans and values of it, since the handler reads other messages meanwhile.
protocol RequestTask {
  /// Does some of it.
  ///
  /// - Returns: the disposition, with the reply in the handler's writer; nil when there is more to do.
  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition?

  /// Rest that must not stay half done when the client leaves before the end.
  func abandoned() -> (any StoreTask<Void, Never>)?
}

extension RequestTask {
  func abandoned() -> (any StoreTask<Void, Never>)? { nil }
}

extension RequestHandler {
  /// Does the first step at once: most requests need no second one.
  func start(_ task: some RequestTask) throws(StoreError) -> Disposition {
    var task = task
    guard let disposition = try task.step(self) else { return .continue(task) }
    if let held = disposition.pause { return .wait(task, held) }
    return disposition
  }

  /// Does something in the store and answers with the result: at once, or after others.
  func start<Task: StoreTask<Value, StoreError>, Value>(
    _ task: Task, _ answer: @escaping (RequestHandler, Value) throws(StoreError) -> Disposition
  ) throws(StoreError) -> Disposition {
    try start(Answering(task: task, answer: answer))
  }
}

/// A request that is a task of the store, and the answer to it.
private struct Answering<Task: StoreTask>: RequestTask where Task.Failure == StoreError {
  var task: Task
  let answer: (RequestHandler, Task.Value) throws(StoreError) -> Disposition

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    guard let value = try task.step(handler.store) else { return nil }
    return try answer(handler, value)
  }
}

/// A request in progress: its message is being read, or its task goes on, possibly after its message was consumed.
final class RequestWork {
  /// The message and how far it was read; the task's spans are of its bytes.
  var message = RequestMessage()
  /// Nil when the message is gone and the request counted.
  let frame: UnsafeRawBufferPointer?
  /// Whether the message is read to its end.
  var isRead = false
  /// Nil while the message is read.
  var task: (any RequestTask)?
  var found: (type: RequestType, index: Int)?
  /// The reply as far as it is written.
  var reply: ByteWriter
  /// Bytes of heap that stay counted until the request ends.
  var held: UInt64 = 0
  /// Nanoseconds spent so far.
  var duration: UInt64 = 0

  /// - Parameter replies: counts what a large reply takes.
  init(_ frame: UnsafeRawBufferPointer?, replies: any GrowthBudget) {
    self.frame = frame
    reply = ByteWriter(repliesWithin: replies, capacity: 256)
  }
}

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
