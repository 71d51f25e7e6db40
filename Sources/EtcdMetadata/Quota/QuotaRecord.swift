import JSON

/// Value of a volume's key of grants: the quota, and how much of it each store may use by itself.
///
/// It is changed by compare on its revision only, so that all stores see the same order of changes. The sum of the
/// grants is never raised above the quota.
struct QuotaRecord: Equatable, Sendable {
  /// Part of one store.
  struct Share: Equatable, Sendable {
    /// Bytes that the store may use without asking.
    var granted: UInt64 = 0
    /// The last round in which the store has given back what it does not use.
    var answered: UInt64 = 0
    var want: Want?

    var isEmpty: Bool { granted == 0 && want == nil }
  }

  /// Wish of a store for a larger grant, for which others give back what they do not use.
  struct Want: Equatable, Sendable {
    /// Bytes that the grant is to have.
    var total: UInt64
    /// Round that began with it. The earlier one comes first.
    var round: UInt64
  }

  /// Attempt of a store to make the quota smaller than what is granted.
  struct Shrinking: Equatable, Sendable {
    /// Bytes of the quota that is wanted.
    var quota: UInt64
    var instance: UInt64
    var round: UInt64
  }

  /// Bytes that the stores may use together.
  var quota: UInt64
  /// The generation of the volume's document that has this quota, or one before it; nil from a store that does not tell.
  var generation: UInt64?
  /// Number of times that stores were asked to give back.
  var round: UInt64 = 0
  var shares: [UInt64: Share] = [:]
  var shrinking: Shrinking?

  /// Bytes that all stores may use now.
  var granted: UInt64 { Self.sum(shares.values.lazy.map(\.granted)) }

  /// Bytes up to which grants may be raised.
  var ceiling: UInt64 { min(quota, shrinking?.quota ?? .max) }

  /// Bytes that may be granted.
  var free: UInt64 { ceiling - min(ceiling, granted) }

  /// Whether all stores but one have given back what they do not use, since a round began.
  func isAnswered(since round: UInt64, without instance: UInt64) -> Bool {
    shares.allSatisfy { $0 == instance || $1.granted == 0 || $1.answered >= round }
  }

  /// The wants of other stores than one.
  func wants(without instance: UInt64) -> [(instance: UInt64, want: Want)] {
    shares.compactMap { id, share in share.want.map { (id, $0) } }.filter { $0.0 != instance }
  }

  /// Takes out what a store had that is gone.
  ///
  /// - Returns: whether there was anything.
  mutating func remove(_ instance: UInt64) -> Bool {
    let isShrinking = shrinking?.instance == instance
    if isShrinking { shrinking = nil }
    return shares.removeValue(forKey: instance) != nil || isShrinking
  }

  /// The sum of bytes, the largest number where it is larger.
  static func sum(_ bytes: some Sequence<UInt64>) -> UInt64 {
    bytes.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
  }
}

// MARK: - JSON

extension QuotaRecord {
  /// Reads a value; nil for what is none.
  init?(_ text: [UInt8]) {
    var found: QuotaRecord?
    text.withUnsafeBytes { bytes in
      guard let fields = Self.fields(bytes), let quota = fields["quota"].flatMap({ bytes.integer($0) }) else { return }
      var record = QuotaRecord(quota: quota)
      record.generation = fields["generation"].flatMap { bytes.integer($0) }
      record.round = fields["round"].flatMap { bytes.integer($0) } ?? 0
      for (id, granted) in Self.numbers(bytes, fields["grants"]) {
        record.shares[id, default: Share()].granted = granted
      }
      for (id, round) in Self.numbers(bytes, fields["answered"]) { record.shares[id]?.answered = round }
      let asked = Self.numbers(bytes, fields["asked"])
      for (id, total) in Self.numbers(bytes, fields["wants"]) {
        record.shares[id, default: Share()].want = Want(total: total, round: asked[id] ?? 0)
      }
      if let shrinking = fields["shrinking"].flatMap({ Self.fields(UnsafeRawBufferPointer(rebasing: bytes[$0.range])) }
      ),
        let span = fields["shrinking"]
      {
        let inner = UnsafeRawBufferPointer(rebasing: bytes[span.range])
        func number(_ name: String) -> UInt64 { shrinking[name].flatMap { inner.integer($0) } ?? 0 }
        record.shrinking = Shrinking(quota: number("quota"), instance: number("instance"), round: number("round"))
      }
      found = record
    }
    guard let found else { return nil }
    self = found
  }

  private static func fields(_ bytes: UnsafeRawBufferPointer) -> [String: JSONSpan]? {
    var scanner = JSONScanner(bytes)
    var fields: [String: JSONSpan] = [:]
    guard (try? scanner.scanObject { key, value in fields[bytes.string(key)] = value }) != nil else { return nil }
    return fields
  }

  /// An object whose keys are instances.
  private static func numbers(_ bytes: UnsafeRawBufferPointer, _ span: JSONSpan?) -> [UInt64: UInt64] {
    guard let span else { return [:] }
    let inner = UnsafeRawBufferPointer(rebasing: bytes[span.range])
    var numbers: [UInt64: UInt64] = [:]
    for (key, value) in fields(inner) ?? [:] where key.first == "i" {
      if let id = UInt64(key.dropFirst()), let number = inner.integer(value) { numbers[id] = number }
    }
    return numbers
  }

  var text: [UInt8] {
    let writer = ByteWriter(capacity: 256)
    let shares = shares.sorted { $0.key < $1.key }
    func append(_ name: StaticString, _ value: (Share) -> UInt64?) {
      writer.beginObject(name)
      for (id, share) in shares {
        guard let number = value(share) else { continue }
        writer.key(text: "i\(id)")
        writer.append(decimal: number)
      }
      writer.endObject()
    }
    writer.beginObject()
    writer.field("quota", quota)
    if let generation { writer.field("generation", generation) }
    writer.field("round", round)
    append("grants") { $0.granted }
    append("answered") { $0.answered > 0 ? $0.answered : nil }
    append("wants") { $0.want?.total }
    append("asked") { $0.want?.round }
    if let shrinking {
      writer.beginObject("shrinking")
      writer.field("quota", shrinking.quota)
      writer.field("instance", shrinking.instance)
      writer.field("round", shrinking.round)
      writer.endObject()
    }
    writer.endObject()
    return Array(writer.bytes)
  }
}

extension JSONSpan {
  fileprivate var range: Range<Int> { start..<end }
}
