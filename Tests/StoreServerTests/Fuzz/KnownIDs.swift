import SeededRandom

/// What the fuzzer has learnt from replies: ids that are or were alive.
struct KnownIDs {
  private static let most = 6

  private(set) var blobs: [UInt64] = []
  private(set) var objects: [UInt64] = []
  private(set) var sessionPaths: [String] = []

  static let names = ["a", "b/c", "~", "ä", "", "a name with \\\"quotes\\\"", "\\u0000", "x*", "/vy/obj"]
  static let volumeIDs = ["v", "w", "A.b_c-d"]
  static let adminToken = "the token"
  static let plasmaIDs = ["AAAA", "BBBB", "", "cGxhc21h"]

  /// Takes the ids out of a reply.
  mutating func record(from reply: JSON) {
    for key in ["id", "object_id", "target_id", "chunk"] { record(reply[key]) }
    for id in reply["ids"]?.elements ?? [] { record(id) }
    for payload in reply["payloads"]?.elements ?? [] { record(payload["object_id"]) }
    record(reply["buffer"]?["object_id"])
    if let path = reply["socket_path"]?.text { sessionPaths.append(path) }
  }

  private mutating func record(_ id: JSON?) {
    guard let id = id?.integer else { return }
    if id >> 63 == 1 {
      blobs.append(id)
      if blobs.count > Self.most { blobs.removeFirst() }
    } else {
      objects.append(id)
      if objects.count > Self.most { objects.removeFirst() }
    }
  }

  mutating func forget(sessionPath: String) { sessionPaths.removeAll { $0 == sessionPath } }

  private static let unknownIDs: [UInt64] = [
    0, 1, 12345, 1 << 63, 1 << 63 | 1, .max, .max - 1, 7_530_592_342_638_592_090,
  ]

  private func one(of ids: [UInt64], or others: [UInt64], _ random: inout SplitMix64) -> UInt64 {
    // Mostly what fits, sometimes the other kind, sometimes what never existed.
    let kind = random.number(below: 8)
    if kind < 6, !ids.isEmpty { return random.choose(ids) }
    if kind == 6, !others.isEmpty { return random.choose(others) }
    return random.oneIn(2) ? random.choose(Self.unknownIDs) : random.next()
  }

  func blob(_ random: inout SplitMix64) -> UInt64 { one(of: blobs, or: objects, &random) }

  func object(_ random: inout SplitMix64) -> UInt64 { one(of: objects, or: blobs, &random) }
}
