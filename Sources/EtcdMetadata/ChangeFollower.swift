import Coordination
import EtcdClient
import Logging
import Support

/// Follows what others write, and reads it again where a gap would be.
struct ChangeFollower {
  let client: EtcdClient
  let layout: KeyLayout
  let queues: BackendQueues
  let log: Logger
  private let horizon = EtcdHorizon()

  private static let backOff = BackOff(first: .milliseconds(100), longest: .seconds(3))

  init(client: EtcdClient, layout: KeyLayout, queues: BackendQueues, log: Logger) {
    self.client = client
    self.layout = layout
    self.queues = queues
    self.log = log
  }

  /// Follows what the queues say, until it is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      var watches: [WatchedKeys: Task<Void, Never>] = [:]
      for await following in queues.following {
        watches.removeValue(forKey: following.keys)?.cancel()
        guard let revision = following.revision else { continue }
        let watch = Task { await follow(following.keys, after: revision) }
        watches[following.keys] = watch
        group.addTask {
          await withTaskCancellationHandler {
            await watch.value
          } onCancel: {
            watch.cancel()
          }
        }
      }
      group.cancelAll()
    }
  }

  private func follow(_ keys: WatchedKeys, after start: Int64) async {
    var revision = start
    var (hasGap, isLost) = (false, false)
    var failures = 0
    while !Task.isCancelled {
      do throws(EtcdError) {
        if hasGap {
          let contents = try await EtcdContents.read(client, layout, keys)
          if Task.isCancelled { return }
          let isContinued = !isLost && contents.revision >= revision
          queues.report(.contents(contents, of: keys, isContinued: isContinued))
          log.info("\(layout.name(of: keys)) was read again, at revision \(contents.revision)")
          revision = contents.revision
          (hasGap, isLost) = (false, false)
        }
        let range = KeyRange.prefix(layout.beginning(of: keys))
        for try await update in client.watch(range, from: revision + 1, horizon: horizon) {
          switch update {
          case .events(let events, let last):
            queues.report(.events(events, of: keys, revision: last))
            revision = last
          case .progress(let last):
            queues.report(.events([], of: keys, revision: last))
            revision = last
          case .interrupted(let error):
            log.warning("\(error); what others have in \(layout.name(of: keys)) may be outdated")
          case .connected: failures = 0
          }
        }
      } catch {
        if case .historyLost = error { isLost = true }
        hasGap = true
        if !Task.isCancelled { log.warning("\(error); \(layout.name(of: keys)) is read again") }
      }
      failures += 1
      try? await Task.sleep(for: Self.backOff.delay(after: failures))
    }
  }
}

extension KeyLayout {
  fileprivate func name(of keys: WatchedKeys) -> String { String(decoding: beginning(of: keys), as: UTF8.self) }
}
