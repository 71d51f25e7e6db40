import EtcdProtocol

/// A client of an etcd cluster (API v3), for any number of tasks.
///
/// It uses one endpoint until that fails, then the next. Reads are repeated until they succeed or their time is up;
/// what changes something is repeated only when it certainly did not happen.
public final class EtcdClient: Sendable {
  let caller: Caller

  /// Makes a client, which connects when it is first used.
  ///
  /// - Precondition: there is an endpoint.
  public init(
    endpoints: [EtcdEndpoint], tls: EtcdTLS? = nil, credentials: EtcdCredentials? = nil, timing: EtcdTiming = .init()
  ) {
    precondition(!endpoints.isEmpty, "a client of etcd needs an endpoint")
    caller = Caller(EndpointPool(endpoints, tls), timing, credentials)
  }

  /// Ends all calls and watches, and takes no more.
  public func close() async { await caller.pool.close() }

  // MARK: - Reading

  /// Reads keys.
  ///
  /// - Parameters:
  ///   - limit: how many at most; 0 for all.
  ///   - revision: at which; 0 for the latest.
  ///   - keysOnly: leaves the values empty.
  ///   - within: time limit in all; nil for that of the client.
  /// - Throws: `EtcdError.compacted` when the revision is gone, `.tooLarge` when the answer would be, and others.
  public func range(
    _ range: KeyRange, limit: Int = 0, revision: Int64 = 0, keysOnly: Bool = false, within: Duration? = nil
  ) async throws(EtcdError) -> RangeResult {
    var request = Etcdserverpb_RangeRequest.range(range, limit: limit, revision: revision)
    request.keysOnly = keysOnly
    let response: Etcdserverpb_RangeResponse = try await caller.call(
      Etcdserverpb_KV.Method.Range.descriptor, request, .repeatable, within: within)
    return RangeResult(response)
  }

  /// Reads one key.
  ///
  /// - Throws: `EtcdError` when etcd cannot be asked.
  public func get(_ key: [UInt8], within: Duration? = nil) async throws(EtcdError) -> KeyValue? {
    try await range(.key(key), within: within).pairs.first
  }

  /// Reads keys in pages, all at one revision. What happens meanwhile is what a watch from the revision after that tells.
  ///
  /// - Parameter revision: at which; 0 for the one at which the first page is read.
  public func pages(of range: KeyRange, at revision: Int64 = 0, keysOnly: Bool = false) -> EtcdPages {
    EtcdPages(client: self, range: range, revision: revision, keysOnly: keysOnly)
  }

  // MARK: - Changing

  /// Sets a value.
  ///
  /// - Parameter lease: what it lives with; 0 for none.
  /// - Returns: the revision of the change.
  /// - Throws: `EtcdError.unknownOutcome` when it may have happened; `.noSpace`, `.tooLarge`, `.leaseLost`, and others.
  @discardableResult
  public func put(_ key: [UInt8], _ value: [UInt8], lease: Int64 = 0, within: Duration? = nil) async throws(EtcdError)
    -> Int64
  {
    let request = Etcdserverpb_PutRequest.put(key, value, lease: lease)
    let response: Etcdserverpb_PutResponse = try await naming(lease) { () async throws(EtcdError) in
      try await self.caller.call(Etcdserverpb_KV.Method.Put.descriptor, request, .once, within: within)
    }
    return response.header.revision
  }

  /// Deletes keys.
  ///
  /// - Returns: how many there were.
  /// - Throws: `EtcdError.unknownOutcome` when it may have happened, and others.
  @discardableResult
  public func delete(_ range: KeyRange, within: Duration? = nil) async throws(EtcdError) -> Int {
    let response: Etcdserverpb_DeleteRangeResponse = try await caller.call(
      Etcdserverpb_KV.Method.DeleteRange.descriptor, Etcdserverpb_DeleteRangeRequest.delete(range), .once,
      within: within)
    return Int(response.deleted)
  }

  /// Makes changes together, if what is compared holds.
  ///
  /// - Throws: `EtcdError.unknownOutcome` when it may have happened; `.noSpace`, `.tooLarge`, `.leaseLost`, and others.
  public func transaction(_ transaction: Transaction, within: Duration? = nil) async throws(EtcdError)
    -> Transaction.Result
  {
    let response: Etcdserverpb_TxnResponse = try await naming(transaction.lease) { () async throws(EtcdError) in
      try await self.caller.call(
        Etcdserverpb_KV.Method.Txn.descriptor, transaction.message, transaction.isRead ? .repeatable : .once,
        within: within)
    }
    return try transaction.result(response)
  }

  /// Forgets what happened before a revision.
  ///
  /// - Parameter physically: whether to wait until it is gone from the database, so that its pages are free.
  /// - Throws: `EtcdError.compacted` when that has been done already, and others.
  public func compact(before revision: Int64, physically: Bool = false) async throws(EtcdError) {
    var request = Etcdserverpb_CompactionRequest()
    request.revision = revision
    request.physical = physically
    let _: Etcdserverpb_CompactionResponse = try await caller.call(
      Etcdserverpb_KV.Method.Compact.descriptor, request, .once, within: physically ? .seconds(120) : nil)
  }

  /// Says which lease was lost: etcd's answer does not.
  private func naming<Response>(_ lease: Int64, _ call: () async throws(EtcdError) -> Response) async throws(EtcdError)
    -> Response
  {
    do {
      return try await call()
    } catch .leaseLost {
      throw .leaseLost(lease)
    }
  }

  // MARK: - Watching

  /// Follows what happens to keys, from a revision (inclusive) on; 0 for from now on.
  ///
  /// Goes on after interruptions where it stopped. It ends with an error only when it cannot go on without a gap:
  /// `EtcdError.compacted`, `.historyLost`, `.denied`; then read everything again.
  public func watch(_ range: KeyRange, from revision: Int64 = 0) -> EtcdWatch {
    EtcdWatch(caller: caller, range: range, revision: revision)
  }

  // MARK: - Leases

  /// Makes a lease and keeps it alive until it is revoked or lost.
  ///
  /// - Parameter timeToLive: after which etcd lets it go when it hears nothing; whole seconds, at least 2.
  /// - Throws: `EtcdError` when etcd cannot be asked.
  public func grantLease(_ timeToLive: Duration) async throws(EtcdError) -> EtcdLease {
    try await EtcdLease(caller, timeToLive)
  }
}

extension Transaction {
  /// A lease that one of its changes names; 0 for none.
  fileprivate var lease: Int64 {
    for case .put(_, _, let lease) in success + failure where lease != 0 { return lease }
    return 0
  }
}
