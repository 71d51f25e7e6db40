import Coordination
import EtcdClient
import Logging
import StoreProtocol
import Support
import Synchronization

/// What passes between the thread that owns the store and the task that changes keys about volumes.
final class VolumeQueue: Sendable {
  enum Work: Sendable {
    /// - limit: the time it may take; nil for as long as it takes.
    case operation(VolumeOperation, limit: Duration?)
    /// Reads all keys of a session.
    case contents(UInt64)
    /// Tells others something, which is told again later if it fails.
    case report([Transaction])
    /// Makes a copy with the other stores.
    case copy(CopyWork)
  }

  enum Result: Sendable {
    case outcome(VolumeOperation.Outcome)
    case contents(EtcdContents)
    case failure(StoreError)
    case copy(Swift.Result<SharedVolume, StoreError>)
  }

  private let works = Mutex<[(UInt64, Work)]>([])
  private let results = Mutex<[(UInt64, Result)]>([])
  private let wake: @Sendable () -> Void
  /// Yields when there is something to do.
  let signals: AsyncStream<Void>
  private let signal: AsyncStream<Void>.Continuation

  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
    (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func start(_ number: UInt64, _ work: Work) {
    works.withLock { $0.append((number, work)) }
    signal.yield()
  }

  func takeWorks() -> [(UInt64, Work)] {
    works.withLock { works in
      defer { works = [] }
      return works
    }
  }

  func report(_ number: UInt64, _ result: Result) {
    results.withLock { $0.append((number, result)) }
    wake()
  }

  func takeResults() -> [(UInt64, Result)] {
    results.withLock { results in
      defer { results = [] }
      return results
    }
  }
}

/// Changes keys about volumes, any number of operations at a time.
struct VolumeWorker {
  let client: EtcdClient
  let layout: KeyLayout
  let queue: VolumeQueue
  let log: Logger

  private static let backOff = BackOff(first: .milliseconds(50), longest: .seconds(2))
  /// Between tries that met changes of others, who try again as well.
  private static let contention = BackOff(first: .milliseconds(5), longest: .seconds(1))
  /// How long etcd may take to read a session.
  private static let readingLimit: Duration = .seconds(20)

  func run() async {
    await withDiscardingTaskGroup { group in
      for await _ in queue.signals {
        for (number, work) in queue.takeWorks() {
          group.addTask { queue.report(number, await perform(work)) }
        }
      }
    }
  }

  private func perform(_ work: VolumeQueue.Work) async -> VolumeQueue.Result {
    switch work {
    case .operation(let operation, let limit): .outcome(await perform(operation, within: limit))
    case .contents(let session): await read(session)
    case .report(let transactions): await report(transactions)
    case .copy(let work): .copy(await CopyMaker(client: client, layout: layout, work: work, log: log).run())
    }
  }

  private func perform(_ operation: VolumeOperation, within limit: Duration?) async -> VolumeOperation.Outcome {
    let deadline = limit.map { ContinuousClock.now + $0 }
    // A deletion that may have happened although there was no answer.
    var unheard: SharedVolume?
    var deletion: SharedVolume?
    var failures = 0
    var conflicts = 0
    while true {
      do throws(EtcdError) {
        let reading = Transaction(then: operation.ranges.map { .range($0) })
        var pairs: [KeyValue] = []
        for case .range(let found) in try await client.transaction(reading, within: limit).outcomes {
          pairs += found.pairs
        }
        switch operation.next(after: pairs) {
        case .end(.nothing): return unheard.map { .volume($0) } ?? .nothing
        case .end(let outcome): return outcome
        case .write(let transaction, let outcome):
          if case (.delete, .volume(let volume)) = (operation.kind, outcome) {
            if let unheard, unheard.session != volume.session { return .volume(unheard) }
            deletion = volume
          }
          if try await client.transaction(transaction, within: limit).succeeded { return outcome }
        }
        conflicts += 1
        if let deadline, deadline <= .now { return .refused(Self.contended) }
        do { try await Task.sleep(for: Self.contention.delay(after: conflicts)) } catch { throw .cancelled }
      } catch {
        if case .unknownOutcome = error { unheard = deletion }
        if error == .cancelled { return .refused(Self.refusal(error)) }
        failures += 1
        if failures == 1 { log.warning("volumes are not changed in etcd: \(error)") }
        if let deadline, deadline <= .now || !error.mayPass { return .refused(Self.refusal(error)) }
        guard (try? await Task.sleep(for: Self.backOff.delay(after: failures))) != nil else {
          return .refused(Self.refusal(error))
        }
      }
    }
  }

  private func read(_ session: UInt64) async -> VolumeQueue.Result {
    let deadline = ContinuousClock.now + Self.readingLimit
    var failures = 0
    while true {
      do throws(EtcdError) {
        return .contents(try await EtcdContents.read(client, layout, .session(session)))
      } catch {
        failures += 1
        guard error.mayPass, deadline > .now,
          (try? await Task.sleep(for: Self.backOff.delay(after: failures))) != nil
        else { return .failure(Self.refusal(error)) }
      }
    }
  }

  private func report(_ transactions: [Transaction]) async -> VolumeQueue.Result {
    do throws(EtcdError) {
      for transaction in transactions { _ = try await client.transaction(transaction) }
      return .outcome(.nothing)
    } catch {
      return .failure(Self.refusal(error))
    }
  }

  private static let contended = StoreError(
    .ioError, "volumes of several stores are kept in etcd, where others change this one without an end")

  static func refusal(_ error: EtcdError) -> StoreError {
    StoreError(.ioError, "volumes of several stores are kept in etcd: \(error)")
  }
}

extension EtcdError {
  /// Whether the same may succeed in a moment.
  var mayPass: Bool {
    switch self {
    case .unavailable, .unknownOutcome, .compacted, .noSpace: true
    default: false
    }
  }
}
