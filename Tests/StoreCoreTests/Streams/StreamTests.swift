import StoreCore
import StoreProtocol
import Testing

@Suite("streams")
struct StreamTests {
  let fixture = StoreFixture(limit: 1 * mebibyte)
  var store: Store { fixture.store }
  let writer: Client
  let reader: Client
  let stream: ObjectID

  init() throws {
    writer = fixture.connect()
    reader = fixture.connect()
    stream = try fixture.object("vineyard::Stream")
    try fixture.store.createStream(stream, in: fixture.root)
    _ = fixture.store.takeChanges()
  }

  private var key: WaitKey { .stream(session: 0, stream) }

  private func next(_ size: UInt64) throws -> Outcome<BlobPayload> {
    try store.nextStreamChunk(stream, size: size, by: writer)
  }

  /// A chunk that must be had at once.
  private func chunk(_ size: UInt64) throws -> ObjectID { try #require(value(try next(size))).id }

  private func pull() throws -> Outcome<ObjectID> { try store.pullStreamChunk(stream, by: reader) }

  @Test("9.13: chunks go from the writer to the waiting reader, then the stream is drained and dropped")
  func transcript() throws {
    try store.openStream(stream, .write, in: fixture.root)
    try store.openStream(stream, .read, in: fixture.root)
    let first = try chunk(100)
    #expect(isParked(try pull()))
    let second = try chunk(50)
    #expect(store.takeChanges().contains(key))
    #expect(value(try pull()) == first)
    #expect(try fixture.read([first], by: reader).first?.isSealed == true)
    try store.stopStream(stream, failed: false, by: writer)
    #expect(value(try pull()) == second)
    #expect(!store.exists(first, in: fixture.root))
    #expect(throws: StoreError(.streamDrained, "Stream drained: no more chunks")) { try pull() }
    try store.dropStream(stream, by: writer)
    #expect(code(try store.dropStream(stream, by: writer)) == .objectNotExists)
    fixture.expectEmpty()
  }

  @Test("[Error] a stream is created once, opened once per mode, and unknown ones don't exist")
  func opening() throws {
    let unknown = ObjectID(7)
    let root = fixture.root
    #expect(code(try store.createStream(stream, in: root)) == .objectExists)
    for mode in [StreamMode.read, .write] {
      try store.openStream(stream, mode, in: root)
      #expect(code(try store.openStream(stream, mode, in: root)) == .streamOpened)
    }
    #expect(code(try store.openStream(unknown, .read, in: root)) == .objectNotExists)
    #expect(code(try store.pullStreamChunk(unknown, by: reader)) == .objectNotExists)
    #expect(code(try store.nextStreamChunk(unknown, size: 1, by: writer)) == .objectNotExists)
  }

  @Test("a pull uses up the chunk of the pull before: its bytes are free although the reader had them")
  func consumed() throws {
    let ids = [try chunk(100), try chunk(200)]
    try store.stopStream(stream, failed: false, by: writer)
    for id in ids {
      #expect(value(try pull()) == id)
      try fixture.read([id], by: reader)
    }
    #expect(throws: StoreError.self) { try pull() }
    #expect(store.memory.used == 0 && store.memory.retained == 0)
    fixture.expectSound()
  }

  @Test("objects pushed as chunks are deleted deep when used up")
  func objects() throws {
    let blob = try fixture.sealedBlob(64, by: writer)
    let object = try fixture.object(members: [try fixture.object(members: [blob])])
    try store.pushStreamChunk(stream, chunk: object, by: writer)
    #expect(value(try pull()) == object)
    try fixture.read([blob], by: reader)
    #expect(isParked(try pull()))
    #expect(fixture.existing([object, blob]).isEmpty)
    fixture.expectEmpty()
  }

  @Test("a failed stream gives its reader the chunks that were written, then says that it failed")
  func failed() throws {
    let chunks = [try chunk(10), try chunk(20)]
    #expect(value(try pull()) == chunks[0])
    #expect(isParked(try pull()))
    _ = store.takeChanges()
    try store.stopStream(stream, failed: true, by: writer)
    #expect(store.takeChanges().contains(key))
    #expect(value(try pull()) == chunks[1])
    #expect(code(try store.pullStreamChunk(stream, by: reader)) == .streamFailed)
  }

  @Test("when a writer goes without stopping the stream, its reader gets what was pushed, then the failure")
  func pusherGone() throws {
    let objects = try (0..<5).map { _ in try fixture.object() }
    for object in objects { try store.pushStreamChunk(stream, chunk: object, by: writer) }
    store.disconnect(writer)
    for object in objects { #expect(value(try pull()) == object) }
    #expect(code(try pull()) == .streamFailed)
  }

  @Test("another may go on where a writer has left, unless that was in the middle of a chunk")
  func goneOn() throws {
    let objects = try (0..<2).map { _ in try fixture.object() }
    try store.pushStreamChunk(stream, chunk: objects[0], by: writer)
    store.disconnect(writer)
    let next = fixture.connect()
    try store.pushStreamChunk(stream, chunk: objects[1], by: next)
    try store.stopStream(stream, failed: false, by: next)
    for object in objects { #expect(value(try pull()) == object) }
    #expect(code(try pull()) == .streamDrained)
  }

  @Test("a writer that goes in the middle of a chunk leaves those before it")
  func goneAmidChunks() throws {
    let first = try chunk(10)
    _ = try chunk(20)
    store.disconnect(writer)
    #expect(value(try pull()) == first)
    #expect(code(try pull()) == .streamFailed)
  }

  @Test("[Error] a stopped stream takes no more chunks and is not stopped twice")
  func stopped() throws {
    try store.stopStream(stream, failed: false, by: writer)
    #expect(code(try store.nextStreamChunk(stream, size: 1, by: writer)) == .invalidStreamState)
    #expect(
      code(try store.pushStreamChunk(stream, chunk: .emptyBlob, by: writer))
        == .invalidStreamState)
    #expect(
      code(try store.stopStream(stream, failed: true, by: writer)) == .invalidStreamState)
  }

  @Test("[Error] one reader waits at a time; when it gives up another may")
  func twoReaders() throws {
    let other = fixture.connect()
    #expect(isParked(try pull()))
    #expect(code(try store.pullStreamChunk(stream, by: other)) == .invalidStreamState)
    store.unpark(reader, from: stream)
    #expect(isParked(try store.pullStreamChunk(stream, by: other)))
  }

  @Test("the writer waits while streams would fill more than the threshold, until the reader consumes")
  func backPressure() throws {
    let first = try chunk(600 * kibibyte)
    #expect(isParked(try next(300 * kibibyte)))
    #expect(store.takeChanges().contains(key))
    #expect(value(try pull()) == first)
    #expect(isParked(try next(300 * kibibyte)))
    _ = store.takeChanges()
    #expect(isParked(try pull()))
    #expect(store.takeChanges().contains(key))
    #expect(throws: Never.self) { try chunk(300 * kibibyte) }
    fixture.expectSound()
  }

  @Test("[Error] while one writer waits others may not write")
  func twoWriters() throws {
    let other = fixture.connect()
    _ = try chunk(600 * kibibyte)
    #expect(isParked(try next(300 * kibibyte)))
    #expect(code(try store.nextStreamChunk(stream, size: 1, by: other)) == .invalidStreamState)
    store.disconnect(writer)
    #expect(value(try store.nextStreamChunk(stream, size: 1, by: other)) != nil)
  }

  @Test("a chunk that can never fit is refused rather than waited for")
  func tooLarge() throws {
    #expect(
      code(try store.nextStreamChunk(stream, size: 2 * mebibyte, by: writer))
        == .notEnoughMemory)
    #expect(code(try store.nextStreamChunk(stream, size: .max, by: writer)) == .notEnoughMemory)
  }

  @Test("a request that is tried again in vain changes nothing, so that waiting does not spin")
  func quietRetries() throws {
    #expect(isParked(try pull()))
    _ = store.takeChanges()
    #expect(isParked(try pull()))
    #expect(store.takeChanges().isEmpty)
    store.unpark(reader, from: stream)
    _ = try chunk(600 * kibibyte)
    #expect(isParked(try next(300 * kibibyte)))
    _ = store.takeChanges()
    #expect(isParked(try next(300 * kibibyte)))
    #expect(store.takeChanges().isEmpty)
  }

  @Test("a chunk of many members that was read is deleted in steps")
  func largeChunk() throws {
    let members = try (0..<2000).map { _ in try fixture.sealedBlob(64, by: writer) }
    let chunk = try fixture.object(members: members)
    let next = try fixture.sealedBlob(64, by: writer)
    try store.pushStreamChunk(stream, chunk: chunk, by: writer)
    try store.pushStreamChunk(stream, chunk: next, by: writer)
    #expect(value(try pull()) == chunk)
    store.work.allow(10_000)
    let before = store.work.done
    #expect(value(try pull()) == next)
    #expect(store.work.done - before < 100_000 && store.isReclaiming)
    store.work.allow(.max / 2)
    store.reclaim()
    #expect(fixture.existing(members + [chunk]).isEmpty)
  }

  @Test("the first chunk of a stream wakes nobody: it isn't finished")
  func firstChunkIsQuiet() throws {
    #expect(isParked(try pull()))
    _ = store.takeChanges()
    _ = try chunk(10)
    #expect(!store.takeChanges().contains(key))
  }

  @Test("a writer that goes in the middle of a chunk fails the stream")
  func writerGone() throws {
    _ = try chunk(10)
    #expect(isParked(try pull()))
    _ = store.takeChanges()
    store.disconnect(writer)
    #expect(store.takeChanges().contains(key))
    #expect(code(try store.pullStreamChunk(stream, by: reader)) == .streamFailed)
    fixture.expectEmpty()
  }

  @Test("a reader that goes takes the stream along; the chunk still being written is retained for its writer")
  func readerGone() throws {
    _ = try chunk(100)
    let current = try chunk(200)
    _ = try pull()
    store.disconnect(reader)
    #expect(fixture.root.streamCount == 0)
    #expect(!store.exists(current, in: fixture.root))
    #expect(store.memory.used == 0 && store.memory.retained == 200)
    store.disconnect(writer)
    fixture.expectEmpty()
  }

  @Test("a stream dropped by another client protects the chunk being written, one dropped by its writer doesn't")
  func dropped() throws {
    _ = try chunk(200)
    try store.dropStream(stream, by: reader)
    #expect(store.memory.retained == 200)
    try store.createStream(stream, in: fixture.root)
    _ = try chunk(300)
    try store.dropStream(stream, by: writer)
    #expect(store.memory.used == 0 && store.memory.retained == 200)
    store.disconnect(writer)
    fixture.expectEmpty()
  }

  @Test("dropping a stream frees what was queued and what was handed out")
  func droppedQueue() throws {
    for size in [100, 200, 300] as [UInt64] { _ = try chunk(size) }
    let object = try fixture.object()
    try store.pushStreamChunk(stream, chunk: object, by: writer)
    _ = try pull()
    try store.dropStream(stream, by: writer)
    #expect(!store.exists(object, in: fixture.root))
    fixture.expectEmpty()
  }
}
