import DequeModule
import StoreProtocol

extension Store {
  /// Attaches a stream to an object.
  ///
  /// - Parameter volume: through which the request comes, if through one.
  /// - Throws: objectExists when the object has one.
  public func createStream(_ id: ObjectID, in session: Session, of volume: Volume? = nil) throws(StoreError) {
    if session.streams.contains(id) { throw StoreError(.objectExists, "stream \(id) already exists") }
    let stream = Stream(owner: volume?.sharedSessionUsage)
    stream.owner?.add(stream: id)
    session.streams[id] = stream
  }

  private func stream(_ id: ObjectID, in session: Session) throws(StoreError) -> Stream {
    guard let stream = session.streams[id] else {
      throw StoreError(.objectNotExists, "stream \(id) does not exist")
    }
    return stream
  }

  /// Opens a stream; each mode once.
  ///
  /// - Throws: objectNotExists for an unknown stream, streamOpened for the second time.
  public func openStream(_ id: ObjectID, _ mode: StreamMode, in session: Session) throws(StoreError) {
    let stream = try stream(id, in: session)
    switch mode {
    case .read:
      if stream.isOpenForReading { throw StoreError(.streamOpened, "stream \(id) is already open for reading") }
      stream.isOpenForReading = true
    case .write:
      if stream.isOpenForWriting { throw StoreError(.streamOpened, "stream \(id) is already open for writing") }
      stream.isOpenForWriting = true
    }
  }

  /// Finishes the chunk being written and creates the next one; parked while streams would fill too much.
  ///
  /// - Throws: as ``StreamChunkCreation/step(_:)``.
  public func nextStreamChunk(
    _ id: ObjectID, size: UInt64, by client: Client
  ) throws(StoreError) -> Outcome<BlobPayload> {
    try StreamChunkCreation(of: id, size: size, by: client).finish(self)
  }

  /// - Parameter creation: makes the chunk.
  /// - Returns: nil when room is still being made for it.
  fileprivate func nextStreamChunk(
    _ id: ObjectID, size: UInt64, by client: Client, _ creation: inout BlobCreation
  ) throws(StoreError) -> Outcome<BlobPayload>? {
    let session = client.session
    let stream = try writableStream(id, by: client)
    // A request that is tried again must not note a change: it would wake itself without end.
    if stream.current != nil { note(.stream(session: session.id, id)) }
    try finishCurrentChunk(stream, by: client)
    client.streams.insert(id)
    if let volume = client.volume, size > volume.usage.limit { throw quotaExceeded(size, by: volume, for: client) }
    let threshold = memory.limit / 100 * configuration.streamThreshold
    let (wanted, overflow) = (memory.used + memory.retained - memory.reusable).addingReportingOverflow(size)
    if overflow || size > memory.limit { throw notEnoughMemory(size, by: client) }
    // Waiting only helps while the reader has chunks to consume.
    let isFull = wanted > threshold || client.volume?.usage.isFull(size, configuration.streamThreshold) == true
    if isFull, !stream.ready.isEmpty || stream.handedOut != nil {
      stream.parkedWriter = client.id
      return .park(.stream(session: session.id, id))
    }
    guard let payload = try creation.step(self) else { return nil }
    stream.current = payload.id == .emptyBlob ? nil : payload.id
    stream.writer = client
    stream.producer = client
    stream.isAbandoned = false
    return .done(payload)
  }

  /// Appends an existing object or blob as a chunk.
  ///
  /// - Throws: objectNotExists for an unknown stream, invalidStreamState when it is stopped or another writer waits.
  public func pushStreamChunk(
    _ id: ObjectID, chunk: ObjectID, by client: Client
  ) throws(StoreError) {
    let session = client.session
    let stream = try writableStream(id, by: client)
    try finishCurrentChunk(stream, by: client)
    stream.ready.append(chunk)
    session.chunkCount += 1
    stream.producer = client
    stream.isAbandoned = false
    client.streams.insert(id)
    note(.stream(session: session.id, id))
  }

  /// Deletes the chunk of the previous pull and hands out the next one; parked until there is one.
  ///
  /// The chunk of the previous pull is used up by contract: the reader's grant for it ends with this call.
  ///
  /// - Throws: objectNotExists for an unknown stream, invalidStreamState when another reader waits, streamDrained at
  ///   the end, streamFailed when the writer gave up or left.
  public func pullStreamChunk(
    _ id: ObjectID, by client: Client
  ) throws(StoreError) -> Outcome<ObjectID> {
    let session = client.session
    let stream = try stream(id, in: session)
    if let other = stream.parkedReader, other != client.id {
      throw StoreError(.invalidStreamState, "stream \(id) already has a reader waiting")
    }
    client.pulled.insert(id)
    if let previous = stream.handedOut {
      stream.handedOut = nil
      consume(previous, by: client)
      note(.stream(session: session.id, id))
    }
    stream.parkedReader = nil
    if let chunk = stream.ready.popFirst() {
      session.chunkCount -= 1
      stream.handedOut = chunk
      return .done(chunk)
    }
    if stream.isFailed { throw StoreError(.streamFailed, "Stream failed: the writer gave up") }
    if stream.isAbandoned, !stream.isDrained {
      throw StoreError(.streamFailed, "Stream failed: the writer disconnected without stopping it")
    }
    if stream.isDrained { throw StoreError(.streamDrained, "Stream drained: no more chunks") }
    stream.parkedReader = client.id
    client.streams.insert(id)
    return .park(.stream(session: session.id, id))
  }

  /// Ends a stream: chunks that were written can still be read, unless it failed.
  ///
  /// - Throws: objectNotExists for an unknown stream, invalidStreamState when it is stopped or another writer waits.
  public func stopStream(_ id: ObjectID, failed: Bool, by client: Client) throws(StoreError) {
    let session = client.session
    let stream = try writableStream(id, by: client)
    try finishCurrentChunk(stream, by: client)
    if failed { stream.isFailed = true } else { stream.isDrained = true }
    note(.stream(session: session.id, id))
  }

  /// Frees the queued chunks and forgets the stream.
  ///
  /// - Throws: objectNotExists for an unknown stream.
  public func dropStream(_ id: ObjectID, by client: Client) throws(StoreError) {
    _ = try stream(id, in: client.session)
    reclaim(takeStream(id, in: client.session, by: client))
  }

  /// Takes a stream out of its session; the task that is returned frees its chunks.
  func takeStream(_ id: ObjectID, in session: Session, by client: Client) -> StreamRemoval {
    guard let stream = session.streams[id] else { return StreamRemoval([], in: session, by: client) }
    forgetStream(id, in: session)
    let chunks = Array(stream.ready) + [stream.current, stream.handedOut].compactMap { $0 }
    return StreamRemoval(chunks, in: session, by: client)
  }

  /// Removes a stream whose chunks go on their own.
  func forgetStream(_ id: ObjectID, in session: Session) {
    guard let stream = session.streams.removeValue(forKey: id) else { return }
    session.chunkCount -= stream.ready.count
    stream.owner?.remove(stream: id)
    note(.stream(session: session.id, id))
    reconsider(id, in: session)
  }

  /// Gives up a request that is parked on a stream.
  public func unpark(_ client: Client, from id: ObjectID) {
    guard let stream = client.session.streams[id] else { return }
    if stream.parkedReader == client.id { stream.parkedReader = nil }
    if stream.parkedWriter == client.id { stream.parkedWriter = nil }
  }

  /// Fails a stream whose writer leaves without stopping it; readers get the chunks that are ready first.
  ///
  /// Another may go on, unless the writer was in the middle of a chunk.
  func abandon(_ id: ObjectID, by client: Client) {
    unpark(client, from: id)
    guard let stream = client.session.streams[id], stream.producer === client, !stream.isStopped else { return }
    stream.isAbandoned = true
    if stream.writer === client, stream.current != nil {
      stream.current = nil
      stream.isFailed = true
    }
    note(.stream(session: client.session.id, id))
  }

  // MARK: - Chunks

  private func writableStream(_ id: ObjectID, by client: Client) throws(StoreError) -> Stream {
    let stream = try stream(id, in: client.session)
    if stream.isStopped { throw StoreError(.invalidStreamState, "stream \(id) is already stopped") }
    if let other = stream.parkedWriter, other != client.id {
      throw StoreError(.invalidStreamState, "stream \(id) already has a writer waiting")
    }
    stream.parkedWriter = nil
    return stream
  }

  private func finishCurrentChunk(_ stream: Stream, by client: Client) throws(StoreError) {
    guard let current = stream.current else { return }
    stream.current = nil
    stream.writer = nil
    guard client.session.blobs[current] != nil else { return }
    try seal(current, by: client)
    stream.ready.append(current)
    client.session.chunkCount += 1
  }

  private func consume(_ chunk: ObjectID, by client: Client) {
    if chunk.isBlob {
      removeBlob(chunk, in: client.session, by: client)
      endGrant(chunk, of: client)
    } else {
      reclaim(Consuming(chunk, by: client))
    }
  }
}

/// Deletes an object that was a chunk, with all its members, and ends what its reader was given of them.
private struct Consuming: StoreTask {
  typealias Failure = Never

  private var deletion: Deletion
  private let client: Client
  /// Deleted blobs whose grants are left to end.
  private var blobs: [ObjectID]?

  init(_ chunk: ObjectID, by client: Client) {
    deletion = Deletion(
      [chunk], of: client.session, force: false, deep: true, isImplicit: false, by: client)
    self.client = client
  }

  mutating func step(_ store: Store) -> Void? {
    if blobs == nil {
      guard let deleted = deletion.step(store) else { return nil }
      blobs = deleted
    }
    while let blob = blobs?.popLast() {
      store.work.spend(Work.entry)
      store.endGrant(blob, of: client)
      if store.work.isSpent { return nil }
    }
    return ()
  }
}

/// Finishes the chunk of a stream that is being written and creates the next one; parked while streams would fill too
/// much.
public struct StreamChunkCreation: StoreTask {
  private let id: ObjectID
  private let size: UInt64
  private let client: Client
  private var creation: BlobCreation

  public init(of id: ObjectID, size: UInt64, by client: Client) {
    self.id = id
    self.size = size
    self.client = client
    creation = BlobCreation(size, by: client)
  }

  /// Makes some of the room, or the chunk.
  ///
  /// - Throws: objectNotExists for an unknown stream, invalidStreamState when it is stopped or another writer waits,
  ///   notEnoughMemory.
  public mutating func step(_ store: Store) throws(StoreError) -> Outcome<BlobPayload>? {
    try store.nextStreamChunk(id, size: size, by: client, &creation)
  }
}
