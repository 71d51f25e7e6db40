import Coordination
import EtcdClient
import Logging
import StoreCore
import Support
import Synchronization

/// Times after which stores that share an etcd notice each other's absence.
public struct MembershipTiming: Sendable, Equatable {
  /// Time that a store counts as reachable without a sign of life; whole seconds, at least 2.
  public var lease: Duration = .seconds(4)
  /// Pause between two of the signs that released daemons expect.
  public var beat: Duration = .seconds(10)
  /// Absence after which what a store had is removed; for one without a lease, also silence after which it is absent.
  public var silence: Duration = .seconds(30)

  public init() {}

  /// Pause between two looks at who is absent.
  var tick: Duration { silence / 30 }
}

/// A store's place among those that share an etcd: its id, its lease, and what was there when it came.
///
/// The id is the process's for life, since clients hold it: when others have given the store up, or etcd has lost its
/// data, it registers again under that id, and its objects are written again.
public final class EtcdMembership: Sendable {
  /// What the store has of its own accord.
  public let instance: UInt64
  let client: EtcdClient
  let layout: KeyLayout
  /// What was there when the store joined, until the backend takes it.
  private let contents: Mutex<FirstContents?>
  let inbox = MembershipInbox()
  private let registration: Registration
  private let timing: MembershipTiming
  private let log: Logger
  private let lease: Mutex<EtcdLease>

  private init(
    _ instance: UInt64, _ registration: Registration, _ contents: FirstContents, _ lease: EtcdLease,
    _ timing: MembershipTiming
  ) {
    self.instance = instance
    self.registration = registration
    self.contents = Mutex(contents)
    self.timing = timing
    (client, layout, log) = (registration.client, registration.layout, registration.log)
    self.lease = Mutex(lease)
  }

  /// Gets an instance id, writes down who has it, and reads what is there. Goes on until it succeeds.
  ///
  /// - Parameters:
  ///   - place: where clients find the store; no other process can be there at the same time.
  ///   - waiting: called with the reason, whenever it does not succeed.
  /// - Throws: `EtcdError.badCertificate` for certificates that cannot be used, `.cancelled`.
  public static func join(
    _ client: EtcdClient, prefix: String, record: InstanceRecord, place: String, timing: MembershipTiming, log: Logger,
    waiting: @Sendable (EtcdError) -> Void
  ) async throws(EtcdError) -> EtcdMembership {
    let registration = Registration(
      client: client, layout: KeyLayout(prefix: prefix), record: record,
      member: MemberRecord(ofThisProcessAt: place), log: log)
    let backOff = BackOff(first: .milliseconds(200), longest: .seconds(5))
    var registered: (id: UInt64, lease: EtcdLease)?
    var failures = 0
    while true {
      do throws(EtcdError) {
        if registered == nil || registered.map({ $0.lease.validUntil < .now }) == true {
          let lease = try await client.grantLease(timing.lease)
          registered = (try await registration.register(lease), lease)
        }
        let contents = try await FirstContents.read(client, registration.layout, at: PlaceRecord.place(record))
        guard let (id, lease) = registered else { continue }
        return EtcdMembership(id, registration, contents, lease, timing)
      } catch {
        switch error {
        case .badCertificate, .cancelled: throw error
        default: waiting(error)
        }
        failures += 1
        do { try await Task.sleep(for: backOff.delay(after: failures)) } catch { throw .cancelled }
      }
    }
  }

  /// Hands over what was there when the store joined. It is a copy of all metadata, so nobody keeps it.
  func takeContents() -> FirstContents? {
    contents.withLock { contents in
      defer { contents = nil }
      return contents
    }
  }

  // MARK: - Life

  /// Whether nobody can have given the store up yet.
  var isCertain: Bool { lease.withLock { $0.validUntil } > .now }

  /// Whether others may have given the store up, or may do so any moment.
  var mayBeGivenUp: Bool { lease.withLock { $0.validUntil } + timing.silence / 2 < .now }

  /// The lease that shows others that the store is there.
  var leaseID: Int64 { lease.withLock { $0.id } }

  /// The store is registered by this process.
  var isThere: Transaction.Comparison {
    Transaction.Comparison(key: layout.member(instance), .equal, .value(registration.member.text))
  }

  /// Time without a sign of life after which what a store has is removed.
  var silence: Duration { timing.silence }

  /// Keeps the store known to others, and knows them, until the task is cancelled.
  func run() async {
    let peers = PeerFollower(client, layout, own: instance, inbox: inbox, timing: timing, log: log)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.stay() }
      group.addTask { await peers.run() }
    }
  }

  /// Holds the lease, and takes another when it is lost.
  private func stay() async {
    while !Task.isCancelled {
      let lease = lease.withLock { $0 }
      let loss = await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.beat() }
        let loss = await lease.loss()
        group.cancelAll()
        return loss
      }
      if Task.isCancelled { return }
      log.warning(
        "other stores take this one for unreachable: \(loss.map { "\($0)" } ?? "its lease was revoked")")
      await comeBack()
    }
  }

  /// Says again and again that the store is there, in the way of released daemons.
  private func beat() async {
    let key = layout.text(.instance(instance, "timestamp"))
    let conditions: [Transaction.Comparison] = [
      .init(key: layout.member(instance), .equal, .value(registration.member.text)), .exists(key),
    ]
    while (try? await Task.sleep(for: timing.beat)) != nil {
      do throws(EtcdError) {
        let beat = Transaction(if: conditions, then: [.put(key: key, value: JSONText.text(Registration.timestamp()))])
        if try await client.transaction(beat).succeeded { continue }
        try await takeBack(lease.withLock { $0 })
      } catch {
        if Task.isCancelled { return }
        log.warning("released daemons hear nothing of this store: \(error)")
      }
    }
  }

  private func comeBack() async {
    let backOff = BackOff(first: .milliseconds(100), longest: .seconds(2))
    var failures = 0
    while !Task.isCancelled {
      do throws(EtcdError) {
        let new = try await client.grantLease(timing.lease)
        if try await takeBack(new) {
          lease.withLock { $0 = new }
          return log.info("other stores know this one again")
        }
        try? await new.revoke()
      } catch {
        log.debug("cannot get a lease: \(error)")
      }
      failures += 1
      try? await Task.sleep(for: backOff.delay(after: failures))
    }
  }

  /// Takes the id again with a lease.
  ///
  /// - Returns: false when somebody else has it.
  @discardableResult
  private func takeBack(_ lease: EtcdLease) async throws(EtcdError) -> Bool {
    let outcome = try await registration.return(as: instance, lease) { [inbox] in inbox.post(.returning) }
    switch outcome {
    case .kept: inbox.post(.conflict(nil))
    case .registered(let revision):
      inbox.post(.conflict(nil))
      inbox.post(.returned(revision: revision))
      log.warning("this store was given up, or etcd has lost its data: instance \(instance) and its objects return")
    case .taken(let other):
      inbox.post(.conflict(other))
      return false
    }
    return true
  }

  // MARK: - The end

  /// Removes the store's record, so that others need not wait until they miss it, and then all that it has. What there
  /// is no time for, the others remove, or the next store that starts.
  ///
  /// - Parameters:
  ///   - limit: the time that the record may take.
  ///   - rest: the time that everything else may take.
  func leave(within limit: Duration, thenWithin rest: Duration) async {
    let reaper = Reaper(client: client, layout: layout, id: instance)
    let (member, client, layout) = (registration.member, client, layout)
    let current = lease.withLock { $0 }
    let revision: Int64?
    switch await Self.perform(within: limit, { () async throws(EtcdError) in try await reaper.begin(process: member) })
    {
    case .success(let beginning): revision = beginning
    case .failure(let error):
      return log.warning(
        """
        others cannot be told that this store leaves; they remove what it has in etcd \(timing.silence.text) after its \
        lease has run out, or the next store does that starts: \(error)
        """)
    }
    let ending = await Self.perform(within: rest) { () async throws(EtcdError) -> Int? in
      guard let revision else { return nil }
      try? await current.revoke()
      return try await EtcdLock.hold(client, layout.lock) { () async throws(EtcdError) in
        try await reaper.end(since: revision)
      }
    }
    switch ending {
    case .success(let count?): log.info("instance \(instance) and its \(count) objects are removed from etcd")
    case .success: log.info("instance \(instance) is removed from etcd by others")
    case .failure(let error):
      log.warning(
        """
        instance \(instance) has left, and others know; its objects are still in etcd, where another store removes \
        them, or the next one that starts: \(error)
        """)
    }
  }

  private static func perform<Output: Sendable>(
    within limit: Duration, _ body: @escaping @Sendable () async throws(EtcdError) -> Output
  ) async -> Result<Output, EtcdError> {
    let work = Task { () -> Result<Output, EtcdError> in
      do throws(EtcdError) {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    let clock = Task {
      try await Task.sleep(for: limit)
      work.cancel()
    }
    defer { clock.cancel() }
    let result = await work.value
    if case .failure = result, work.isCancelled {
      return .failure(.unavailable("it was not done within \(limit.text)"))
    }
    return result
  }
}
