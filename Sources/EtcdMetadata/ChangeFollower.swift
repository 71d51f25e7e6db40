import Coordination
import EtcdClient
import Logging
import Support

/// All keys of a prefix at one revision, but for signatures.
public struct EtcdContents: Sendable {
  let pairs: [KeyValue]
  let revision: Int64

  /// - Parameter prefix: what the keys begin with; nil for all of them.
  /// - Throws: `EtcdError`.
  static func read(
    _ client: EtcdClient, _ layout: KeyLayout, below prefix: [UInt8]? = nil
  ) async throws(EtcdError) -> EtcdContents {
    var pairs: [KeyValue] = []
    var revision: Int64 = 0
    var pages = client.pages(of: .prefix(prefix ?? layout.everything)).makeAsyncIterator()
    while let page = try await pages.next() {
      pairs += page.pairs.lazy.filter { !layout.isSignature($0.key) }
      revision = page.revision
      // There are as many as objects, and etcd counts what is left for each page.
      if let last = page.pairs.last, let signatures = layout.signatures(with: last.key) { pages.skip(signatures) }
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

  private static let backOff = BackOff(first: .milliseconds(100), longest: .seconds(3))

  func run(from start: Int64) async {
    var revision = start
    var (hasGap, isLost) = (false, false)
    var failures = 0
    while !Task.isCancelled {
      do throws(EtcdError) {
        if hasGap {
          let contents = try await EtcdContents.read(client, layout)
          queues.report(.contents(contents, isContinued: !isLost && contents.revision >= revision))
          log.info("everything was read again, at revision \(contents.revision)")
          revision = contents.revision
          (hasGap, isLost) = (false, false)
        }
        for try await update in client.watch(.prefix(layout.everything), from: revision + 1) {
          switch update {
          case .events(let events, let last):
            queues.report(.events(events, revision: last))
            revision = last
          case .progress(let last):
            queues.report(.events([], revision: last))
            revision = last
          case .interrupted(let error): log.warning("\(error); objects of other stores may be outdated")
          case .connected: failures = 0
          }
        }
      } catch {
        if case .historyLost = error { isLost = true }
        hasGap = true
        if !Task.isCancelled { log.warning("\(error); everything is read again") }
      }
      failures += 1
      try? await Task.sleep(for: Self.backOff.delay(after: failures))
    }
  }
}
