import Coordination
import EtcdClient
import Logging
import Support

/// All keys of a prefix at one revision.
public struct EtcdContents: Sendable {
  let pairs: [KeyValue]
  let revision: Int64

  /// - Throws: `EtcdError`.
  static func read(_ client: EtcdClient, _ layout: KeyLayout) async throws(EtcdError) -> EtcdContents {
    var pairs: [KeyValue] = []
    var revision: Int64 = 0
    for try await page in client.pages(of: .prefix(layout.everything)) {
      pairs += page.pairs
      revision = page.revision
    }
    return EtcdContents(pairs: pairs, revision: revision)
  }
}

/// Follows what others write, and reads everything again where a gap would be.
struct ChangeFollower {
  let client: EtcdClient
  let layout: KeyLayout
  let queues: BackendQueues
  let log: Logger

  func run(_ contents: EtcdContents) async {
    var revision = contents.revision
    let backOff = BackOff(first: .milliseconds(100), longest: .seconds(3))
    var failures = 0
    while !Task.isCancelled {
      do throws(EtcdError) {
        if failures > 0 {
          let contents = try await EtcdContents.read(client, layout)
          queues.report(.contents(contents))
          revision = contents.revision
        }
        for try await update in client.watch(.prefix(layout.everything), from: revision + 1) {
          switch update {
          case .events(let events, let last): queues.report(.events(events, revision: last))
          case .progress(let last): queues.report(.events([], revision: last))
          case .interrupted(let error): log.warning("\(error); objects of other stores may be outdated")
          case .connected: failures = 0
          }
        }
      } catch {
        log.warning("\(error); everything is read again")
      }
      failures += 1
      try? await Task.sleep(for: backOff.delay(after: failures))
    }
  }
}
