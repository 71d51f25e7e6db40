import Dispatch
import Glibc
import SharedMemory
import StoreClient
import StoreCore
import StoreProtocol
import Support
import Synchronization

/// The fetching of blobs from another store, on threads that block.
///
/// One connection asks for all of them, and for their first bytes, so that small ones come in one round trip. The loop
/// makes room when it is told the sizes; then the bytes are read to where they belong. What is left of large blobs comes
/// over several connections. A connection that breaks is made again, and goes on where it broke.
final class PullTransfer: Sendable {
  /// What the loop is told, by any thread.
  struct Reports: Sendable {
    /// Sizes of the blobs, nil for those that the other store does not have.
    let sized: @Sendable ([UInt64?]) -> Void
    /// The end: no thread touches the room any more.
    let ended: @Sendable (Result<Void, StoreError>) -> Void
  }

  private struct State {
    /// Room for each blob; empty when there is none.
    var room: [ArenaBytes] = []
    /// Part of the room that has pages: all of the first blobs, and so many bytes of the next.
    var pages: (blobs: Int, bytes: UInt64) = (0, 0)
    /// Whether there is no room after all.
    var isRefused = false
    /// Threads that wait for pages.
    var waiting = 0
    var progress: PullProgress?
    var failure: StoreClientError?
    /// Threads at work.
    var active = 1
  }

  /// Bytes of each blob that come with the first answer.
  private static let firstLength: UInt64 = 4 << 20
  /// Bytes from which on several connections are used.
  private static let largeRest: UInt64 = 32 << 20

  private let ids: [ObjectID]
  private let peer: PeerThreads
  /// The store whose blobs they are, where another one is asked for its copies.
  private let owner: UInt64?
  private let timeout: UInt64
  private let reports: Reports
  private let hasRoom = DispatchSemaphore(value: 0)
  private let hasPages = DispatchSemaphore(value: 0)
  private let state = Mutex(State())

  /// - Parameters:
  ///   - owner: the store whose blobs they are, where another one is asked for its copies.
  ///   - timeout: nanoseconds without a byte after which it is given up.
  init(
    _ ids: [ObjectID], from peer: PeerThreads, copiesOf owner: UInt64?, timeout: UInt64, reports: Reports
  ) {
    self.ids = ids
    self.owner = owner
    self.peer = peer
    self.timeout = timeout
    self.reports = reports
  }

  /// - Returns: false when no thread can be had for it.
  func start() -> Bool { peer.submit { self.run() } }

  // MARK: - Room

  /// Gives room for each blob that was announced; the loop calls this or ``refuse()`` once it was told the sizes.
  func place(_ room: [ArenaBytes]) {
    state.withLock { $0.room = room }
    hasRoom.signal()
  }

  /// Says how much of the room has pages: all of the first blobs, and so many bytes of the next.
  func allow(blobs: Int, bytes: UInt64) { wake { $0.pages = (blobs, bytes) } }

  /// Gives no room, or no more.
  func refuse() {
    wake { $0.isRefused = true }
    hasRoom.signal()
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = 0 }
      return state.waiting
    }
    for _ in 0..<waiting { hasPages.signal() }
  }

  /// Returns when a blob has pages up to a byte.
  private func waitForPages(of blob: Int, upTo end: UInt64) throws(StoreClientError) {
    while true {
      let (isRefused, isThere) = state.withLock { state in
        let isThere = (blob, end) <= (state.pages.blobs, state.pages.bytes) || blob < state.pages.blobs
        if !isThere, !state.isRefused { state.waiting += 1 }
        return (state.isRefused, isThere)
      }
      if isRefused { throw .refused(Self.noRoom) }
      if isThere { return }
      hasPages.wait()
    }
  }

  private static let noRoom = StoreError(.notEnoughMemory, "there is no room for it")

  /// Receives part of a blob to where it belongs, as far as there are pages.
  private func receive(
    _ bytes: Range<UInt64>, of blob: Int, at room: ArenaBytes, over link: PeerLink, progress: (Int) -> Void
  ) throws(StoreClientError) {
    var start = bytes.lowerBound
    while start < bytes.upperBound {
      let end = min(bytes.upperBound, start + Self.step)
      try waitForPages(of: blob, upTo: end)
      try link.receive(into: room.address + Int(start), count: Int(end - start), progress: progress)
      start = end
    }
  }

  /// Bytes for whose pages is waited at a time.
  private static let step: UInt64 = 8 << 20

  // MARK: - The first connection

  private func run() {
    let link: PeerLink
    let announced: [PeerLink.Announcement]
    do throws(StoreClientError) {
      (link, announced) = try ask()
    } catch {
      return reports.ended(.failure(Self.error(error)))
    }
    let sizes = announced.reduce(into: [ObjectID: UInt64]()) { $0[$1.id] = $1.size }
    reports.sized(ids.map { sizes[$0] })
    hasRoom.wait()
    let room = state.withLock { $0.room }
    // Bytes come in the order of the announcements.
    let places = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
    let order = announced.compactMap { places[$0.id] }
    guard room.count == ids.count, order.count == ids.count else {
      peer.drop(link)
      return reports.ended(.failure(Self.noRoom))
    }
    let received = receiveFirst(over: link, order, room)
    begin(received, of: room, servesRanges: link.servesRanges)
    work()
  }

  /// Asks for all blobs, several times if the store cannot be reached.
  private func ask() throws(StoreClientError) -> (PeerLink, [PeerLink.Announcement]) {
    var progress = PullProgress(
      received: [], of: [], servesRanges: true, timeout: timeout, now: monotonicNanoseconds())
    var anew = false
    while true {
      var used: (link: PeerLink, isUsed: Bool)?
      do throws(StoreClientError) {
        let connection = try peer.connect(anew: anew)
        used = connection
        let range = connection.link.servesRanges ? 0..<Self.firstLength : nil
        return (connection.link, try connection.link.ask(for: ids, range: range, copiesOf: owner))
      } catch {
        if let used { peer.drop(used.link) }
        // One that was not used for a while may be closed at the other end.
        if used?.isUsed == true, !error.isFinal {
          anew = true
          continue
        }
        guard let pause = progress.fail(nil, received: 0, isFinal: error.isFinal, now: monotonicNanoseconds()) else {
          throw error
        }
        Self.sleep(pause)
      }
    }
  }

  /// Receives what follows the first answer.
  ///
  /// - Returns: how many bytes of each blob have come.
  private func receiveFirst(over link: PeerLink, _ order: [Int], _ room: [ArenaBytes]) -> [UInt64] {
    var received = [UInt64](repeating: 0, count: room.count)
    do throws(StoreClientError) {
      for index in order {
        let range = room[index]
        let count = link.servesRanges ? min(range.length, Self.firstLength) : range.length
        try receive(0..<count, of: index, at: range, over: link) { received[index] += UInt64($0) }
      }
      peer.giveBack(link)
    } catch {
      peer.drop(link)
      state.withLock { $0.failure = error }
    }
    return received
  }

  // MARK: - The rest, over several connections

  private func begin(_ received: [UInt64], of room: [ArenaBytes], servesRanges: Bool) {
    let progress = PullProgress(
      received: received, of: room.map(\.length), servesRanges: servesRanges, timeout: timeout,
      now: monotonicNanoseconds())
    let rest = progress.pieces.reduce(UInt64(0)) { $0 + UInt64($1.bytes.count) }
    let helpers = servesRanges && rest >= Self.largeRest ? min(PeerThreads.limit, progress.pieces.count) - 1 : 0
    state.withLock { $0.progress = progress }
    for _ in 0..<max(0, helpers) { _ = peer.submit { self.help() } }
  }

  private func help() {
    let isNeeded = state.withLock { state in
      guard state.active > 0, state.progress?.pieces.isEmpty == false else { return false }
      state.active += 1
      return true
    }
    if isNeeded { work() }
  }

  /// Fetches pieces until none is left, or it is given up; the last thread tells the loop.
  private func work() {
    var link: PeerLink?
    while let piece = state.withLock({ $0.progress?.take() }) {
      var received: UInt64 = 0
      do throws(StoreClientError) {
        if link == nil { link = try peer.connect().link }
        if let link { try fetch(piece, over: link, &received) }
        state.withLock { $0.progress?.finish() }
      } catch {
        if let link { peer.drop(link) }
        link = nil
        let pause = state.withLock { state in
          state.failure = error
          return state.progress?.fail(piece, received: received, isFinal: error.isFinal, now: monotonicNanoseconds())
        }
        if let pause { Self.sleep(pause) }
      }
    }
    if let link { peer.giveBack(link) }
    leave()
  }

  private func fetch(
    _ piece: PullProgress.Piece, over link: PeerLink, _ received: inout UInt64
  ) throws(StoreClientError) {
    let room = state.withLock { $0.room[piece.blob] }
    let announced = try link.ask(for: [ids[piece.blob]], range: link.servesRanges ? piece.bytes : nil, copiesOf: owner)
    guard announced.count == 1, announced[0].size == room.length else {
      throw .refused(StoreError(.objectNotExists, "the blob \(ids[piece.blob]) is not there any more"))
    }
    var count: UInt64 = 0
    defer { received = count }
    try receive(piece.bytes, of: piece.blob, at: room, over: link) { got in
      count += UInt64(got)
      state.withLock { $0.progress?.note(got, now: monotonicNanoseconds()) }
    }
  }

  private func leave() {
    let result = state.withLock { state -> Result<Void, StoreError>? in
      state.active -= 1
      guard state.active == 0 else { return nil }
      if state.progress?.isComplete == true { return .success(()) }
      return .failure(state.failure.map { Self.error($0) } ?? StoreError(.ioError, "not all bytes have come"))
    }
    guard let result else { return }
    for range in state.withLock({ $0.room }) { range.dropFromResidentSet() }
    reports.ended(result)
  }

  private static func error(_ error: StoreClientError) -> StoreError {
    switch error {
    case .refused(let refusal): refusal
    case .unreachable(let cause): StoreError(.ioError, cause.description)
    }
  }

  private static func sleep(_ nanoseconds: UInt64) { usleep(useconds_t(nanoseconds / 1000)) }
}

extension StoreClientError {
  /// Whether trying again makes no sense: the store has answered, and refuses.
  fileprivate var isFinal: Bool {
    if case .refused = self { return true }
    return false
  }
}
