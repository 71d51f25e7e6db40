/// Keys of a range, page by page, all at one revision.
public struct EtcdPages: AsyncSequence, Sendable {
  /// The pages' type.
  public typealias Element = RangeResult
  public typealias Failure = EtcdError

  let client: EtcdClient
  let range: KeyRange
  var revision: Int64 = 0
  let keysOnly: Bool

  public func makeAsyncIterator() -> Iterator {
    Iterator(client: client, range: range, revision: revision, keysOnly: keysOnly)
  }

  /// Reads one page after the other. Their length follows the size of what they hold.
  public struct Iterator: AsyncIteratorProtocol {
    private static let wantedBytes = 2 << 20
    private static let longest = 4096

    private let client: EtcdClient
    private let keysOnly: Bool
    /// What is still to be read; nil when that is nothing.
    private var rest: KeyRange?
    private var revision: Int64
    private var limit = 256

    init(client: EtcdClient, range: KeyRange, revision: Int64, keysOnly: Bool) {
      self.client = client
      self.revision = revision
      self.keysOnly = keysOnly
      rest = range
    }

    /// Leaves out what is still to come of the keys that begin like this.
    public mutating func skip(_ prefix: some Sequence<UInt8>) {
      let end = KeyRange.prefix(prefix).end
      guard let range = rest, range.start.lexicographicallyPrecedes(end) else { return }
      let isWithin = range.end == [0] || end.lexicographicallyPrecedes(range.end)
      rest = isWithin ? KeyRange(start: end, end: range.end) : nil
    }

    /// The next page; the first comes also when it is empty, so that its revision is known.
    ///
    /// - Throws: `EtcdError.compacted` when the revision went while pages were read, and others.
    public mutating func next() async throws(EtcdError) -> RangeResult? { try await next(isolation: nil) }

    /// The same, on an actor.
    ///
    /// - Throws: as ``next()``.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(EtcdError) -> RangeResult? {
      guard let range = rest else { return nil }
      while true {
        var page: RangeResult
        do {
          page = try await client.range(range, limit: limit, revision: revision, keysOnly: keysOnly)
        } catch .tooLarge where limit > 1 {
          limit = Swift.max(1, limit / 8)
          continue
        }
        if revision == 0 { revision = page.revision }
        page.revision = revision
        // A server that says there is more and sends nothing would be asked for ever.
        rest = page.hasMore ? page.pairs.last.map { range.after($0.key) } : nil
        let bytes = page.pairs.reduce(0) { $0 + $1.key.count + $1.value.count }
        if bytes > 0 { limit = Swift.min(Self.longest, Swift.max(1, page.pairs.count * Self.wantedBytes / bytes)) }
        return page
      }
    }
  }
}
