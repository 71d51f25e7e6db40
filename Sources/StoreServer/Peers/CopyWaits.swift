import MetadataBackend
import StoreClient
import StoreCore
import StoreProtocol
import Support

/// Deletions that are durable and not answered yet: other stores may still give copies of what was deleted to readers.
///
/// Each other store of this kind is asked to look at the objects again, which makes it let go of its copies. One that
/// does not answer is waited for until its lease has run out, or until a limit. Released daemons keep no copies.
final class CopyWaits {
  private struct Wait {
    let session: Session
    let ids: [ObjectID]
    /// The stores that have not answered.
    var missing: Set<UInt64>
    let limit: UInt64
  }

  /// Objects of a session that one store is to look at.
  private struct Line: Hashable {
    let instance: UInt64
    let session: UInt64
  }

  /// Objects of one request.
  static let mostObjects = 4096

  private let store: Store
  private let pulls: PullHost
  private let mailbox: Mailbox
  private let patience: UInt64
  private var waits: [UInt64: Wait] = [:]
  /// What is asked and what is to be asked next, by numbers of change sets.
  private var asked: [Line: Set<UInt64>] = [:]
  private var next: [Line: Set<UInt64>] = [:]
  /// Stores that keep no copies.
  private var released: Set<UInt64> = []
  /// Own blobs that others have fetched.
  private var sent: Set<Place> = []
  /// Deletions that were answered although a store had not answered in time.
  private(set) var late: UInt64 = 0
  /// Deletions of change sets that are not durable yet.
  private var pending: [UInt64: [UInt64: [ObjectID]]] = [:]

  private struct Place: Hashable {
    let session: UInt64
    let blob: ObjectID
  }

  /// - Parameter patience: how long a store is waited for that is alive and does not answer.
  init(_ store: Store, _ pulls: PullHost, _ mailbox: Mailbox, patience: TimeSpan) {
    self.store = store
    self.pulls = pulls
    self.mailbox = mailbox
    self.patience = UInt64(patience.nanoseconds)
  }

  /// Notes that another store fetches blobs.
  func noteSent(_ ids: some Sequence<ObjectID>, in session: Session) {
    for id in ids { sent.insert(Place(session: session.id, blob: id)) }
  }

  // MARK: - Deletions

  /// Notes what a change set deletes of which others may have copies.
  func note(_ set: ChangeSet) {
    var found: [UInt64: [ObjectID]] = [:]
    for change in set.changes {
      guard let removal = change.removal else { continue }
      let isOwn = removal.instance == store.instances.local
      let own = removal.blobs.count { sent.remove(Place(session: change.session, blob: $0)) != nil }
      if !isOwn || own > 0 { found[change.session, default: []].append(removal.object) }
    }
    if !found.isEmpty { pending[set.number] = found }
  }

  /// Begins to wait for others, for a change set that is durable.
  ///
  /// - Returns: whether there is anything to wait for.
  func begin(_ number: UInt64, now: UInt64) -> Bool {
    if waits[number] != nil { return true }
    guard let found = pending.removeValue(forKey: number) else { return false }
    let others = store.instances.ascending.filter { id, record in
      id != store.instances.local && store.instances.state(of: id) == .reachable && !released.contains(id)
        && PeerAddress(instance: id, endpoint: record.rpcEndpoint) != nil
    }.map(\.id)
    // One change set is of one session.
    guard !others.isEmpty, let (id, ids) = found.first, let session = store.sessions[id] else { return false }
    waits[number] = Wait(session: session, ids: ids, missing: Set(others), limit: now + patience)
    for instance in others {
      let line = Line(instance: instance, session: session.id)
      next[line, default: []].insert(number)
      ask(line)
    }
    return waits[number] != nil
  }

  /// Whether a deletion waits for others.
  var isWaiting: Bool { !waits.isEmpty }

  /// Forgets change sets that are durable and for which nobody waits.
  func forget(upTo number: UInt64) {
    if !pending.isEmpty { pending = pending.filter { $0.key > number } }
  }

  /// Forgets a change set that is not to be.
  func forget(_ number: UInt64) { pending[number] = nil }

  /// Looks for waits that are over by themselves.
  ///
  /// - Returns: the numbers of their change sets.
  func expired(now: UInt64) -> [UInt64] {
    var done: [UInt64] = []
    for (number, wait) in waits {
      let missing = wait.missing.filter { store.instances.state(of: $0) == .reachable }
      guard missing.isEmpty || now >= wait.limit else {
        waits[number]?.missing = missing
        continue
      }
      if !missing.isEmpty { late += 1 }
      waits[number] = nil
      done.append(number)
    }
    released.formIntersection(store.instances.ascending.map(\.id))
    return done.sorted()
  }

  // MARK: - Other stores

  private enum Answer: Sendable {
    case done
    /// It keeps no copies.
    case released
    case failed
  }

  private func ask(_ line: Line) {
    guard asked[line] == nil, let numbers = next.removeValue(forKey: line) else { return }
    let waiting = numbers.compactMap { waits[$0] }
    guard let session = waiting.first?.session, let peer = try? pulls.peer(of: line.instance, session) else { return }
    asked[line] = numbers
    let ids = waiting.flatMap(\.ids)
    let isTaken = peer.submit { [mailbox] in
      let answer = Self.ask(peer, ids)
      // A store that is not there now may be in a moment; it is waited for as long as it has its lease.
      mailbox.post { $0.finishCopyRequest(line.instance, line.session, answer == .failed ? nil : answer == .released) }
    }
    if !isTaken { asked[line] = nil }
  }

  private static func ask(_ peer: PeerThreads, _ ids: [ObjectID]) -> Answer {
    do throws(StoreClientError) {
      var (link, isUsed) = try peer.connect()
      if !link.servesRanges {
        peer.giveBack(link)
        return .released
      }
      var rest = ids[...]
      while !rest.isEmpty {
        let request = Array(
          #"{"type":"refresh_objects_request","ids":[\#(rest.prefix(mostObjects).map { "\($0.rawValue)" }.joined(separator: ","))]}"#
            .utf8)
        do throws(StoreClientError) {
          try link.client.call(request) { (_: RequestMessage) in }
          rest = rest.dropFirst(mostObjects)
        } catch {
          peer.drop(link)
          // One that was not used for a while may be closed at the other end.
          guard isUsed else { throw error }
          (link, isUsed) = try peer.connect(anew: true)
        }
      }
      peer.giveBack(link)
      return .done
    } catch {
      return .failed
    }
  }

  /// Takes the answer of a store.
  ///
  /// - Parameter isReleased: whether it keeps no copies; nil when it has not answered.
  /// - Returns: the numbers of the change sets that nobody is waited for any more.
  func take(_ instance: UInt64, _ session: UInt64, isReleased: Bool?) -> (done: [UInt64], isOpen: Bool) {
    let line = Line(instance: instance, session: session)
    let numbers = asked.removeValue(forKey: line) ?? []
    guard let isReleased else {
      next[line, default: []].formUnion(numbers.filter { waits[$0] != nil })
      return ([], next[line]?.isEmpty == false)
    }
    if isReleased { released.insert(instance) }
    var done: [UInt64] = []
    for number in numbers {
      waits[number]?.missing.remove(instance)
      if waits[number]?.missing.isEmpty == true {
        waits[number] = nil
        done.append(number)
      }
    }
    ask(line)
    return (done.sorted(), false)
  }

  /// Asks again where nobody has answered.
  func retry() { for line in next.keys { ask(line) } }
}

extension RequestHandler {
  /// Looks again at objects that another store has deleted, so that no reader gets copies of them from here.
  func refreshObjects(_ connection: Connection) throws(StoreError) -> Disposition {
    guard connection.isPeer else { throw StoreError(.notImplemented, "only other stores ask for that") }
    let (ids, session) = (try message.objectIDs("ids"), connection.client.session)
    guard ids.count <= CopyWaits.mostObjects else {
      throw StoreError(.invalid, "a request may name \(CopyWaits.mostObjects) objects, this one names \(ids.count)")
    }
    guard let ask, let held = ask(ids.map { .object(session: session.id, $0) }) else {
      return try refreshed(ids, session)
    }
    return delay(held) { handler throws(StoreError) in try handler.refreshed(ids, session) }
  }

  private func refreshed(_ ids: [ObjectID], _ session: Session) throws(StoreError) -> Disposition {
    if let id = ids.first(where: { store.exists($0, in: session) }) {
      throw StoreError(.ioError, "the object \(id) is still known here: etcd does not answer")
    }
    reply.reply("refresh_objects_reply")
    return .reply
  }
}

extension StoreServer {
  /// Answers deletions that nobody is waited for any more.
  func settleCopyWaits(_ numbers: [UInt64]) {
    for number in numbers {
      for held in heldReplies.waiting(forChange: number) { settle(held) }
    }
  }

  /// Takes another store's answer to a request to look at objects again.
  func finishCopyRequest(_ instance: UInt64, _ session: UInt64, _ isReleased: Bool?) {
    store.now = unixMilliseconds()
    let (done, isOpen) = copyWaits.take(instance, session, isReleased: isReleased)
    settleCopyWaits(done)
    if isOpen { loop.after(Self.retryPause, .copyWaits) }
  }

  /// Nanoseconds until a store is asked again that has not answered.
  private static let retryPause: UInt64 = 200_000_000

  /// Looks for deletions that are to be answered by now, and asks again.
  func checkCopyWaits() {
    settleCopyWaits(copyWaits.expired(now: monotonicNanoseconds()))
    copyWaits.retry()
  }
}
