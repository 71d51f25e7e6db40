import SeededRandom
import StoreCore
import StoreProtocol

/// Clients and sessions that come and go, requests that wait.
extension Simulation {
  func connect() throws(SimulationFailure) {
    if !volumes.isEmpty, random.oneIn(2) { return connectToVolume() }
    let open = sessions.filter { $0.tenant == nil }
    guard let session = random.oneIn(2) ? open.prefix(2).last : random.pick(open) else { return }
    begin("connect to \(session.session.id)")
    clients.append(SimulatedClient(newClientNumber(), store.connect(to: session.session), session))
  }

  func disconnect() throws(SimulationFailure) {
    if !leaving.isEmpty, random.oneIn(2) { return disconnectLeaving() }
    guard !clients.isEmpty else { return }
    try disconnect(clients[random.number(below: clients.count)])
  }

  func disconnect(_ client: SimulatedClient) throws(SimulationFailure) {
    begin("disconnect client \(client.number)")
    store.disconnect(client.handle)
    clients.removeAll { $0 === client }
    abandonRetired(by: client)
    let session = client.session
    for id in session.sortedBlobs {
      guard let blob = session.blobs[id], blob.writer === client else { continue }
      blob.writer = nil
      remove(id, in: session, by: client)
    }
    endActivities(client)
    client.endAll()
    listExtents()
  }

  /// What a client did ends, but what it was given stays.
  func endActivities(_ client: SimulatedClient) {
    let session = client.session
    for id in client.pulled.sorted() { dropStream(id, in: session, by: client) }
    for id in session.sortedStreams {
      if session.streams[id]?.parkedReader === client { session.streams[id]?.parkedReader = nil }
      if session.streams[id]?.parkedWriter === client { session.streams[id]?.parkedWriter = nil }
      guard let stream = session.streams[id], stream.producer === client else { continue }
      guard !stream.isDrained, !stream.isFailed else { continue }
      session.streams[id]?.isAbandoned = true
      if stream.writer === client, stream.current != nil {
        session.streams[id]?.current = nil
        session.streams[id]?.isFailed = true
      }
    }
    for name in session.plasma.keys.sorted() { dropHolder(name, client) }
    for key in client.locks { lockHolders[key] = nil }
    client.locks.removeAll()
  }

  func openOrCloseSession() throws(SimulationFailure) {
    let empty = sessions.dropFirst().filter { session in
      session.tenant == nil && !clients.contains { $0.session === session }
    }
    if let session = random.pick(empty), random.oneIn(2) {
      begin("close session \(session.session.id)")
      return closeSession(session)
    }
    guard sessions.count(where: { $0.tenant == nil }) < 4 else { return }
    begin("open session")
    let session = store.openSession(random.oneIn(2) ? .plasma : .normal)
    record("\(session.id)")
    sessions.append(ModelSession(session))
  }

  func closeSession(_ session: ModelSession) {
    store.closeSession(session.session)
    forget(session)
    note(.other, in: session, isPublished: true)
  }

  func forget(_ session: ModelSession) {
    forgetHistory(of: session)
    for id in session.sortedBlobs { remove(id, in: session, by: nil) }
    session.streams.removeAll()
    sessions.removeAll { $0 === session }
  }

  func lockRequest(_ client: SimulatedClient) throws(SimulationFailure) {
    let key = random.pick(["a", "b"]) ?? "a"
    if random.oneIn(2) { return try send(.lock(key), client) }
    begin("release lock \(key) by client \(client.number)")
    let lock = lock(key, client)
    let holder = lockHolders[lock]
    let released = store.releaseLock(key, by: client.handle)
    try check(released == (holder == nil || holder == client.number), "answered \(released)")
    guard holder == client.number else { return }
    lockHolders[lock] = nil
    client.locks.remove(lock)
  }

  /// A lock's name among all: those of a volume are its own.
  private func lock(_ key: String, _ client: SimulatedClient) -> String {
    "\(client.session.tenant == nil ? 0 : client.session.session.id)/\(key)"
  }

  // MARK: - Waiting

  /// Sends a request that may have to wait.
  func send(_ request: WaitingRequest, _ client: SimulatedClient) throws(SimulationFailure) {
    begin("\(request) by client \(client.number)")
    try perform(request, client)
  }

  private func perform(_ request: WaitingRequest, _ client: SimulatedClient) throws(SimulationFailure) {
    client.parked = nil
    switch request {
    case .pull(let id): try pull(id, client)
    case .nextChunk(let id, let size): try nextChunk(id, size, client)
    case .name(let name): try waitForName(name, client)
    case .lock(let key): try acquireLock(key, client)
    }
  }

  private func acquireLock(_ key: String, _ client: SimulatedClient) throws(SimulationFailure) {
    let lock = lock(key, client)
    switch store.acquireLock(key, by: client.handle) {
    case .park(let waitKey):
      try check(lockHolders[lock].map { $0 != client.number } == true, "must not wait")
      client.parked = (.lock(key), waitKey)
    case .done:
      try check(lockHolders[lock].map { $0 == client.number } != false, "is held by another")
      lockHolders[lock] = client.number
      client.locks.insert(lock)
    }
  }

  /// Tries waiting requests again as a server does, until nothing changes any more.
  func wakeParked() throws(SimulationFailure) {
    var rounds = 0
    while true {
      let changes = try takeChanges()
      if changes.isEmpty { break }
      rounds += 1
      try check(rounds < 20, "waiting requests wake each other without end: \(changes)")
      for client in clients {
        guard let parked = client.parked, changes.contains(parked.key) else { continue }
        try perform(parked.request, client)
        try endRequest(of: client)
      }
    }
    for client in clients {
      guard let parked = client.parked else { continue }
      try check(mustWait(parked.request, client), "client \(client.number) was not woken: \(parked.request)")
    }
  }

  /// Whether the model knows a reason for a request to wait.
  private func mustWait(_ request: WaitingRequest, _ client: SimulatedClient) -> Bool {
    switch request {
    case .pull(let id):
      guard let stream = client.session.streams[id] else { return false }
      return stream.ready.isEmpty && !stream.isFailed && !stream.isDrained && !stream.isAbandoned
    case .nextChunk(let id, _):
      guard let stream = client.session.streams[id] else { return false }
      return (!stream.ready.isEmpty || stream.handedOut != nil) && !stream.isFailed && !stream.isDrained
    case .name(let name): return !client.session.names.contains { isSame($0.name, name) }
    case .lock(let key): return lockHolders[lock(key, client)] != nil
    }
  }
}
