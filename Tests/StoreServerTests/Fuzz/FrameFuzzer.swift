import Glibc
import SeededRandom
import StoreClient
import StoreProtocol

@testable import StoreServer

/// Sends a server everything it should and should not be sent, and checks what comes back.
///
/// All decisions follow from the seed.
final class FrameFuzzer {
  let server: RunningServer
  var random: SplitMix64
  var corpus: RequestCorpus
  var known = KnownIDs()
  var slots: [FuzzSlot] = []
  /// Messages sent.
  private(set) var frames = 0
  /// The last messages, for the report of a failure.
  private var trail: [String] = []

  init(_ server: RunningServer, seed: UInt64) {
    self.server = server
    random = SplitMix64(seed: seed)
    corpus = RequestCorpus(random: SplitMix64(seed: ~seed))
  }

  func run(frames limit: Int) throws {
    for _ in 0..<8 { slots.append(try newSlot()) }
    do {
      while frames < limit { try step() }
      slots.removeAll()
      // What the last clients sent before they left is still done.
      try server.waitUntil("the last requests are done") { $0.connections.isEmpty && !$0.hasWork }
    } catch {
      throw TestFailure("after \(frames) messages: \(error)\nthe last ones:\n\(trail.joined(separator: "\n"))")
    }
  }

  private func step() throws {
    let index = random.number(below: slots.count)
    let slot = slots[index]
    do {
      try step(index)
    } catch {
      // Deleting a volume ends the connections to it, whatever they are about, and nothing else does.
      guard slots[index] === slot, let volume = slot.volume, try volume.isGone(from: server),
        (try? slot.client.isClosedSilently()) == true
      else { throw error }
      try replace(index)
    }
  }

  private func step(_ index: Int) throws {
    switch random.number(below: 200) {
    case 0..<140: try exchange(index)
    case 140..<165: try burst(index)
    case 165..<170: try sendInPieces(index)
    case 170..<176: try cutShort(index)
    case 176..<182: try leaveWithReplyUnread(index)
    case 182..<186: try sendGarbage(index)
    case 186..<190: try replace(index)
    case 190..<194: try moveRemoteBlob()
    case 194..<197: try parkAndLeave()
    case 197..<199: try openAndDeleteSession()
    default: try replace(index)
    }
  }

  func note(_ body: [UInt8], _ how: String) {
    frames += 1
    trail.append("  \(how): \(String(decoding: body.prefix(400), as: UTF8.self))\(body.count > 400 ? "…" : "")")
    if trail.count > 12 { trail.removeFirst() }
  }

  // MARK: - Connections

  func newSlot() throws -> FuzzSlot {
    let kind: WireClient.Kind = random.oneIn(3) ? .rpc : .ipc
    let volume = kind == .rpc ? nil : try nextVolume()
    let inSession = kind == .ipc && volume == nil ? try nextSessionSlot() : nil
    do {
      let slot = try inSession ?? FuzzSlot(WireClient(server, kind, path: volume?.path))
      slot.volume = volume
      if !random.oneIn(10) {
        try slot.send(Array(WireClient.register.utf8))
        _ = try slot.receive(.answer("register_reply"))
      }
      // It may be connected to another volume of that id by now.
      if try volume?.isGone(from: server) != true { return slot }
    } catch {
      // A message that somebody has left behind deletes it just now.
      guard try volume?.isGone(from: server) == true else { throw error }
    }
    return try newSlot()
  }

  /// A connection to a session that is still there, or nil for the root session.
  private func nextSessionSlot() throws -> FuzzSlot? {
    guard random.oneIn(2), !known.sessionPaths.isEmpty else { return nil }
    let path = random.choose(known.sessionPaths)
    if let slot = try sessionSlot(path) { return slot }
    known.forget(sessionPath: path)
    return nil
  }

  /// A connection that keeps a session, or nil when the session has ended.
  ///
  /// It ends with its last connection, and the server may notice only now that this has gone: then the socket goes
  /// before or after the connect, but always before the server refuses or closes this connection.
  func sessionSlot(_ path: String) throws -> FuzzSlot? {
    var slot: FuzzSlot?
    do {
      let new = FuzzSlot(try WireClient(server, path: path))
      slot = new
      try new.expectNothingElse()
      return new
    } catch {
      guard access(path, F_OK) != 0, try slot?.client.isClosedSilently() ?? true else { throw error }
      return nil
    }
  }

  /// One of the sockets of a volume that is there.
  private func nextVolume() throws -> FuzzVolume? {
    guard random.oneIn(2) else { return nil }
    let id = random.choose(KnownIDs.volumeIDs)
    let directory = "\(server.directory)/volumes/\(id)"
    let path = random.oneIn(4) ? "\(directory)/read-only/vineyard.sock" : "\(directory)/vineyard.sock"
    return access(path, F_OK) == 0 ? try FuzzVolume(id, path, on: server) : nil
  }

  func replace(_ index: Int) throws {
    if random.oneIn(3), slots[index].client.kind == .rpc { slots[index].client.abort() }
    slots[index] = try newSlot()
  }

  // MARK: - Messages

  private func nextBody() -> [UInt8] {
    var type = random.choose(RequestType.allCases)
    // What makes most other requests fail comes less often.
    while [
      .clear, .deleteSession, .deleteData, .deleteDataWithFeedbacks, .dropBuffer, .deleteVolume, .freezeVolume,
    ].contains(type), !random.oneIn(6) {
      type = random.choose(RequestType.allCases)
    }
    return FrameMutator.body(from: corpus.request(type, known), &random)
  }

  private func exchange(_ index: Int) throws {
    let body = nextBody()
    let expectation = FrameExpectation(body, isRegistered: slots[index].isRegistered)
    note(body, "\(index) sends")
    try slots[index].send(body)
    try settle(index, expectation)
  }

  /// Receives what must follow a message.
  private func settle(_ index: Int, _ expectation: FrameExpectation) throws {
    let slot = slots[index]
    switch expectation {
    case .closed:
      guard try slot.client.isClosedSilently() else { throw TestFailure("a reply where the connection should end") }
      return try replace(index)
    case .mayPark where !slot.client.isReadable(within: 2): return try replace(index)
    default: break
    }
    let reply = try slot.receive(expectation)
    known.record(from: reply)
    if reply["type"] == .string("delete_session_reply") { return try replace(index) }
    if case .transfer = expectation, reply["type"] != nil {
      guard try moveBytes(slot, reply) else { return try replace(index) }
    }
    if random.oneIn(4) { try slot.expectNothingElse() }
  }

  /// Moves the raw bytes a reply announces, or leaves in the middle.
  ///
  /// - Returns: whether the connection is still in use.
  private func moveBytes(_ slot: FuzzSlot, _ reply: JSON) throws -> Bool {
    let size = FuzzSlot.transferSize(reply)
    let isComplete = size == 0 || !random.oneIn(3)
    let count = isComplete ? size : random.number(below: size)
    if reply["compress"] != nil {
      return try slot.client.receive(count) != nil && isComplete
    }
    try slot.client.send([UInt8](repeating: 0x5a, count: count))
    guard isComplete else { return false }
    guard try slot.client.receiveReply() == reply else { throw TestFailure("the closing reply differs from \(reply)") }
    return true
  }

  /// Several messages at once; the replies come in their order.
  private func burst(_ index: Int) throws {
    var bytes: [UInt8] = []
    var expectations: [FrameExpectation] = []
    for _ in 0..<(2 + random.number(below: 12)) {
      let body = nextBody()
      let expectation = FrameExpectation(body, isRegistered: slots[index].isRegistered)
      guard Self.isSimple(expectation), bytes.count + body.count < 60_000 else { continue }
      note(body, "\(index) sends in a burst")
      bytes += StoreClient.frame(body)
      expectations.append(expectation)
    }
    try slots[index].client.send(bytes)
    for expectation in expectations { known.record(from: try slots[index].receive(expectation)) }
    try slots[index].expectNothingElse()
  }

  private static func isSimple(_ expectation: FrameExpectation) -> Bool {
    switch expectation {
    case .malformed, .bounce: true
    case .answer(let type):
      !["delete_session_reply", "register_reply", "delete_volume_reply", "delete_snapshot_reply"].contains(type)
    case .closed, .mayPark, .transfer: false
    }
  }

  private func sendInPieces(_ index: Int) throws {
    let body = nextBody()
    let expectation = FrameExpectation(body, isRegistered: slots[index].isRegistered)
    note(body, "\(index) sends in pieces")
    var rest = StoreClient.frame(body)[...]
    for _ in 0..<3 where rest.count > 1 {
      let count = 1 + random.number(below: rest.count - 1)
      try slots[index].client.send(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
      if random.oneIn(2) { usleep(200) }
    }
    try slots[index].client.send(Array(rest))
    try settle(index, expectation)
  }

  /// Announces more than is sent, then ends in one way or another.
  private func cutShort(_ index: Int) throws {
    let frame = StoreClient.frame(nextBody())
    let part = Array(frame.prefix(random.number(below: frame.count)))
    note(part, "\(index) sends a part")
    try slots[index].client.send(part)
    if random.oneIn(2) {
      slots[index].client.halfClose()
      guard try slots[index].client.isClosedSilently() else { throw TestFailure("a reply to a part of a message") }
    }
    try replace(index)
  }

  private func leaveWithReplyUnread(_ index: Int) throws {
    for _ in 0...random.number(below: 3) {
      let body = nextBody()
      note(body, "\(index) sends and leaves")
      try slots[index].send(body)
    }
    if random.oneIn(3) { slots[index].client.halfClose() }
    if random.oneIn(4) { usleep(500) }
    try replace(index)
  }

  /// Bytes that are no message: a length nobody may announce, or anything.
  private func sendGarbage(_ index: Int) throws {
    let length = random.choose([256 * mebibyte + 1, 300 * mebibyte, 1 << 63, .max, random.next() | 1 << 40])
    let header = withUnsafeBytes(of: length.littleEndian) { Array($0) }
    let garbage = (0..<random.number(below: 100)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    note(header + garbage, "\(index) sends garbage")
    try slots[index].client.send(header + garbage)
    guard try slots[index].client.isClosedSilently() else { throw TestFailure("a reply to garbage") }
    try replace(index)
  }
}

func closeFile(_ file: CInt) throws {
  guard close(file) == 0 else { throw TestFailure("close(2): errno \(errno)") }
}
