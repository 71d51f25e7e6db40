import SeededRandom
import StoreCore
import StoreProtocol

extension Simulation {
  func streamRequest(_ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    if session.streams.isEmpty || random.oneIn(40) { return try createStream(client) }
    let id = random.oneIn(30) ? ObjectID(7) : random.pick(session.sortedStreams) ?? ObjectID(7)
    switch random.number(below: 40) {
    case 0...17: try send(.nextChunk(id, size: chunkSize()), client)
    case 18...32: try send(.pull(id), client)
    case 33...36: try push(id, client)
    case 37: try stop(id, client)
    case 38: try open(id, client)
    default: try drop(id, client)
    }
  }

  private func chunkSize() -> UInt64 {
    random.oneIn(5) ? configuration.limit / 2 : UInt64(random.number(below: Int(configuration.limit / 6)))
  }

  private func createStream(_ client: SimulatedClient) throws(SimulationFailure) {
    guard let id = random.pick(client.session.sortedObjects) else { return try createObject(client) }
    begin("create stream \(id)")
    _ = try expect(client.session.streams[id] == nil ? nil : .objectExists) {
      try store.createStream(id, in: client.session.session)
    }
    if client.session.streams[id] == nil { client.session.streams[id] = ModelStream() }
  }

  private func open(_ id: ObjectID, _ client: SimulatedClient) throws(SimulationFailure) {
    let mode: StreamMode = random.oneIn(2) ? .read : .write
    begin("open stream \(id) \(mode)")
    var code: StatusCode? = .objectNotExists
    if let stream = client.session.streams[id] { code = stream.modes.contains(mode.rawValue) ? .streamOpened : nil }
    _ = try expect(code) { try store.openStream(id, mode, in: client.session.session) }
    client.session.streams[id]?.modes.insert(mode.rawValue)
  }

  // MARK: - Writing

  /// The code with which writing is refused.
  private func refusal(_ id: ObjectID, _ client: SimulatedClient) -> StatusCode? {
    guard let stream = client.session.streams[id] else { return .objectNotExists }
    if stream.isDrained || stream.isFailed { return .invalidStreamState }
    if let parked = stream.parkedWriter, parked !== client { return .invalidStreamState }
    return nil
  }

  private func finishCurrent(_ id: ObjectID, by client: SimulatedClient) {
    let session = client.session
    session.streams[id]?.parkedWriter = nil
    guard let current = session.streams[id]?.current else { return }
    session.streams[id]?.current = nil
    session.streams[id]?.writer = nil
    guard session.blobs[current] != nil else { return }
    modelSeal(current, in: session, by: client)
    session.streams[id]?.ready.append(current)
  }

  func nextChunk(_ id: ObjectID, _ size: UInt64, _ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let result = try attemptAllocation { try store.nextStreamChunk(id, size: size, by: client.handle) }
    if let code = refusal(id, client) {
      guard case .failure(let error) = result, error.code == code else { throw failure("\(result), expected \(code)") }
      return
    }
    finishCurrent(id, by: client)
    var isFull = used + retained - reusable + size > configuration.limit / 100 * configuration.streamThreshold
    if let volume = client.volume, volume.volume.settings.quota > 0 {
      isFull = isFull || used(by: volume) + size > volume.limit / 100 * configuration.streamThreshold
    }
    let isConsumed = session.streams[id].map { $0.ready.isEmpty && $0.handedOut == nil } ?? true
    switch result {
    case .success(.park(let key)):
      try check(isFull && !isConsumed && size <= configuration.limit, "must not wait")
      session.streams[id]?.parkedWriter = client
      client.parked = (.nextChunk(id, size: size), key)
    case .success(.done(let payload)):
      try check(!isFull || isConsumed, "must wait")
      try adopt([payload], [size], client)
      session.streams[id]?.current = size == 0 ? nil : payload.id
      session.streams[id]?.writer = client
      session.streams[id]?.producer = client
      session.streams[id]?.isAbandoned = false
    case .failure(let error): try checkRefusal(error, [size], client)
    }
  }

  private func push(_ id: ObjectID, _ client: SimulatedClient) throws(SimulationFailure) {
    let chunk = random.oneIn(2) ? anyBlob(client.session) : anyID(client.session)
    begin("push \(chunk) to \(id) by client \(client.number)")
    let code = refusal(id, client)
    _ = try expect(code) {
      try store.pushStreamChunk(id, chunk: chunk, by: client.handle)
    }
    guard code == nil else { return }
    finishCurrent(id, by: client)
    client.session.streams[id]?.ready.append(chunk)
    client.session.streams[id]?.producer = client
    client.session.streams[id]?.isAbandoned = false
  }

  private func stop(_ id: ObjectID, _ client: SimulatedClient) throws(SimulationFailure) {
    let failed = random.oneIn(3)
    begin("stop \(id)\(failed ? " failed" : "") by client \(client.number)")
    let code = refusal(id, client)
    _ = try expect(code) { try store.stopStream(id, failed: failed, by: client.handle) }
    guard code == nil else { return }
    finishCurrent(id, by: client)
    if failed { client.session.streams[id]?.isFailed = true } else { client.session.streams[id]?.isDrained = true }
  }

  private func drop(_ id: ObjectID, _ client: SimulatedClient) throws(SimulationFailure) {
    begin("drop stream \(id) by client \(client.number)")
    let code: StatusCode? = client.session.streams[id] == nil ? .objectNotExists : nil
    _ = try expect(code) { try store.dropStream(id, by: client.handle) }
    dropStream(id, in: client.session, by: client)
  }

  func dropStream(_ id: ObjectID, in session: ModelSession, by client: SimulatedClient) {
    guard let stream = session.streams.removeValue(forKey: id) else { return }
    for chunk in stream.ready + [stream.current, stream.handedOut].compactMap({ $0 }) {
      if chunk.isBlob {
        remove(chunk, in: session, by: client)
      } else {
        _ = modelDelete([chunk], force: false, deep: true, client)
      }
    }
  }

  // MARK: - Reading

  func pull(_ id: ObjectID, _ client: SimulatedClient) throws(SimulationFailure) {
    let session = client.session
    let result = attempt { try store.pullStreamChunk(id, by: client.handle) }
    guard var stream = session.streams[id] else { return try expectFailure(result, .objectNotExists) }
    if let parked = stream.parkedReader, parked !== client { return try expectFailure(result, .invalidStreamState) }
    client.pulled.insert(id)
    stream.parkedReader = nil
    if let previous = stream.handedOut {
      stream.handedOut = nil
      consume(previous, client)
    }
    defer { session.streams[id] = stream }
    if !stream.ready.isEmpty {
      let chunk = stream.ready.removeFirst()
      stream.handedOut = chunk
      guard case .success(.done(chunk)) = result else { throw failure("\(result), expected \(chunk)") }
      return record("\(chunk)")
    }
    if stream.isFailed { return try expectFailure(result, .streamFailed) }
    if stream.isDrained { return try expectFailure(result, .streamDrained) }
    if stream.isAbandoned { return try expectFailure(result, .streamFailed) }
    guard case .success(.park(let key)) = result else { throw failure("\(result), expected to wait") }
    stream.parkedReader = client
    client.parked = (.pull(id), key)
  }

  /// What a pull handed out before is used up, and so is the reader's grant for it.
  private func consume(_ chunk: ObjectID, _ client: SimulatedClient) {
    var blobs: Set<ObjectID> = [chunk]
    if chunk.isBlob {
      remove(chunk, in: client.session, by: client)
    } else {
      blobs = modelDelete([chunk], force: false, deep: true, client)
    }
    for blob in blobs { takeBack(blob, from: client) }
  }

  private func expectFailure<Value>(
    _ result: Result<Value, StoreError>, _ code: StatusCode
  ) throws(SimulationFailure) {
    guard case .failure(let error) = result, error.code == code else { throw failure("\(result), expected \(code)") }
    record(error.message)
  }
}
