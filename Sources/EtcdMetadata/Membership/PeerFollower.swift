import Coordination
import EtcdClient
import Logging
import StoreCore
import Support
import Synchronization

/// Follows who of the other stores gives signs of life, and removes what the dead have left.
final class PeerFollower: Sendable {
  private struct State {
    var table: PeerTable
    /// Prefixes of which nothing is heard for now.
    var unheard: Set<[UInt8]>
    var isReaping = false

    /// Nothing is heard of the keys below a prefix from now on.
    mutating func interrupt(_ prefix: [UInt8]) {
      if unheard.insert(prefix).inserted { table.interrupt(prefix) }
    }

    /// The stores whose leavings are to be removed now.
    mutating func beginReaping() -> [PeerTable.Absentee] {
      let absentees = unheard.isEmpty && !isReaping ? table.absentees : []
      isReaping = isReaping || !absentees.isEmpty
      return absentees
    }
  }

  private let client: EtcdClient
  private let layout: KeyLayout
  private let inbox: MembershipInbox
  private let timing: MembershipTiming
  private let log: Logger
  private let horizon = EtcdHorizon()
  private let state: Mutex<State>

  init(
    _ client: EtcdClient, _ layout: KeyLayout, own: UInt64, inbox: MembershipInbox, timing: MembershipTiming,
    log: Logger
  ) {
    self.client = client
    self.layout = layout
    self.inbox = inbox
    self.timing = timing
    self.log = log
    let unheard: Set<[UInt8]> = [layout.cluster, layout.instances]
    state = Mutex(State(table: PeerTable(own: own, layout, timing), unheard: unheard))
  }

  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.follow(self.layout.cluster) }
      group.addTask { await self.follow(self.layout.instances) }
      group.addTask { await self.watchTheClock() }
    }
  }

  // MARK: - Keys

  /// Follows the keys below a prefix, and reads them again where a gap would be.
  private func follow(_ prefix: [UInt8]) async {
    let backOff = BackOff(first: .milliseconds(100), longest: .seconds(2))
    var failures = 0
    while !Task.isCancelled {
      do throws(EtcdError) {
        var pairs: [KeyValue] = []
        var revision: Int64 = 0
        for try await page in client.pages(of: .prefix(prefix)) {
          pairs += page.pairs
          revision = page.revision
        }
        update { state in
          state.table.replace(below: prefix, with: pairs)
          state.unheard.remove(prefix)
        }
        for try await news in client.watch(.prefix(prefix), from: revision + 1, horizon: horizon) {
          failures = 0
          update { state in
            switch news {
            case .events(let events, _):
              state.table.hear(of: prefix)
              for event in events { state.table.take(event) }
            case .interrupted: state.interrupt(prefix)
            case .connected:
              state.table.hear(of: prefix)
              if state.unheard.remove(prefix) != nil { state.table.resume() }
            case .progress: state.table.hear(of: prefix)
            }
          }
        }
      } catch {
        log.debug("other stores are looked at again: \(error)")
      }
      state.withLock { $0.interrupt(prefix) }
      failures += 1
      try? await Task.sleep(for: backOff.delay(after: failures))
    }
  }

  /// Changes what is known, and tells of stores that are reachable now or no more.
  private func update(_ change: (inout State) -> Void) {
    let states = state.withLock { state in
      change(&state)
      // Without word from etcd nobody is judged.
      return state.unheard.isEmpty ? state.table.takeStates() : []
    }
    guard !states.isEmpty else { return }
    for change in states { log.info("\(change.text)") }
    inbox.post(.states(Dictionary(uniqueKeysWithValues: states.map { ($0.id, $0.state) })))
  }

  // MARK: - Time

  private func watchTheClock() async {
    var last = ContinuousClock.now
    await withDiscardingTaskGroup { group in
      while (try? await Task.sleep(for: timing.tick)) != nil {
        let now = ContinuousClock.now
        // A process that was stopped has heard nothing meanwhile.
        let passed = min(now - last, timing.tick * 2)
        last = now
        update { state in
          if state.unheard.isEmpty { state.table.pass(passed) } else { state.table.passUnheard(passed) }
        }
        let absentees = state.withLock { $0.beginReaping() }
        if absentees.isEmpty { continue }
        // The lock may be somebody else's for long.
        group.addTask {
          for absentee in absentees { await self.reap(absentee) }
          self.state.withLock { $0.isReaping = false }
        }
      }
    }
  }

  private func reap(_ absentee: PeerTable.Absentee) async {
    do throws(EtcdError) {
      let reaper = Reaper(client: client, layout: layout, id: absentee.id)
      let count = try await EtcdLock.hold(client, layout.lock) { () async throws(EtcdError) in
        try await reaper.reap(absentee)
      }
      if let count { log.warning("instance \(absentee.id) is gone: its record and \(count) objects are removed") }
    } catch {
      log.warning("what instance \(absentee.id) has left cannot be removed: \(error)")
    }
  }
}
