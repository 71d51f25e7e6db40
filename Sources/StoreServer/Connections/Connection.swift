import CLinux
import Crypto
import Glibc
import JSON
import Logging
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// A client's socket with the bytes received, the bytes still to be sent, and its held reply.
final class Connection {
  enum Kind: String {
    case ipc, rpc
  }

  /// Treatment of the connection's next message.
  enum State {
    /// Reads and answers it.
    case ready
    /// Holds back the reply to this one.
    case held(HeldReply)
    /// Moves raw bytes first, on the transfer thread.
    case transferring(Transfer)
    /// Works on a request, see ``work``.
    case working
    /// Answers nothing, since the volume is gone; the connection ends when the client closes its side.
    case closing
  }

  /// Its token.
  let id: UInt64
  let file: CInt
  let kind: Kind
  /// The listener's session, which registering may change on RPC.
  var client: Client
  let peer: String
  let input: InputBuffer
  var state = State.ready
  var isRegistered = false
  /// The request that takes more than one turn: being read, being done, or waiting for something.
  var work: RequestWork?
  /// Whether it is in the queue of connections that have more to do.
  var isQueued = false
  /// Keys of the memory files whose descriptors were sent or announced.
  private var knownFiles: Set<Int> = []
  /// The one that was asked for last.
  private var lastKnownFile = -1
  /// Keys of files whose descriptors follow the reply at hand.
  private(set) var announcedFiles: [Int] = []
  /// Whether its volume is gone.
  var isEvicted = false
  /// Whether its bytes travel over TLS.
  var isEncrypted = false
  /// Time at which the request at hand waits no more for its volume's quota, in monotonic nanoseconds.
  var quotaDeadline: UInt64?
  /// The admin token, or why it cannot be read, for the request at hand.
  var adminToken: Result<String, ProgramError>?
  /// The keys of peers, or why there are none, for the proof at hand.
  var peerKeys: Result<[SymmetricKey], ProgramError>?
  /// What another store has to prove before it is registered.
  var challenge: PeerChallenge?
  /// Whether it is another store of this kind, which keeps copies of what it fetches.
  var isPeer = false
  /// Whether it has shown the admin token when it registered.
  var isAdministrator = false
  /// The instance id of another store that has proved to have the admin token.
  var provenPeer: UInt64?

  /// Memory that it may take for messages on their way.
  let buffers: any GrowthBudget
  private let allBuffers: BufferBudget
  private var pending: ByteWriter?
  /// Bytes taken of the buffers.
  private var pendingTaken = 0
  private var pendingStart = 0
  /// Keys of files whose descriptors follow what is pending.
  private var pendingFiles: [Int] = []

  /// - Parameters:
  ///   - buffers: what it may take for messages on their way.
  ///   - allBuffers: what all connections may take.
  init(
    id: UInt64, file: CInt, kind: Kind, client: Client, peer: String, buffers: any GrowthBudget,
    of allBuffers: BufferBudget
  ) {
    input = InputBuffer(buffers)
    self.buffers = buffers
    self.allBuffers = allBuffers
    self.id = id
    self.file = file
    self.kind = kind
    self.client = client
    self.peer = peer
  }

  deinit { buffers.give(back: pendingTaken) }

  /// Names it in the log.
  var number: UInt64 { id - EventLoop.Token.firstConnection }

  var isReady: Bool {
    if case .ready = state { return true }
    return false
  }

  /// Whether something waits for the socket to take more.
  var hasPendingOutput: Bool { pending != nil || !pendingFiles.isEmpty }

  // MARK: - Memory files

  /// Announces the descriptor of a file with the reply at hand, unless the client has it.
  ///
  /// - Returns: whether it follows.
  func announce(file key: Int) -> Bool {
    if key == lastKnownFile { return false }
    lastKnownFile = key
    guard knownFiles.insert(key).inserted else { return false }
    announcedFiles.append(key)
    return true
  }

  /// Puts the files that follow the reply at hand in the order of their keys.
  func sortAnnouncedFiles() { announcedFiles.sort() }

  /// Announces nothing, since another reply is given.
  private func withdrawAnnouncements() {
    guard !announcedFiles.isEmpty else { return }
    knownFiles.subtract(announcedFiles)
    announcedFiles.removeAll()
    lastKnownFile = -1
  }

  /// Most bytes of a message that are copied when the socket doesn't take it.
  private static let largestCopy = 64 << 10

  /// Sends a message, then the descriptors that were announced if wanted; keeps the bytes that the socket doesn't take.
  ///
  /// - Parameters:
  ///   - message: replaced by another writer when the connection keeps it.
  ///   - descriptor: the descriptor of a file for this client.
  /// - Returns: false when the connection is broken.
  func send(_ message: inout ByteWriter, sendsFiles: Bool, descriptor: (Int) -> CInt?) -> Bool {
    if !sendsFiles { withdrawAnnouncements() }
    var sent = 0
    if !hasPendingOutput {
      guard let count = write(message.bytes) else { return false }
      sent = count
    }
    if sent < message.count {
      guard keep(&message, from: sent) else { return false }
    }
    guard sendsFiles, !announcedFiles.isEmpty else { return true }
    pendingFiles += announcedFiles
    announcedFiles.removeAll()
    return pending != nil || sendFiles(descriptor)
  }

  /// - Returns: false when there is no room. A long message brings its own, which was counted when it was written.
  private func keep(_ message: inout ByteWriter, from start: Int) -> Bool {
    if pending == nil, message.count - start > Self.largestCopy {
      message.count(in: buffers)
      guard message.refusal == nil else { return false }
      pending = message
      pendingStart = start
      message = ByteWriter(repliesWithin: allBuffers)
      return true
    }
    guard buffers.take(message.count - start) else { return false }
    pendingTaken += message.count - start
    let target = pending ?? ByteWriter(capacity: message.count - start)
    if pending == nil { pendingStart = 0 }
    target.append(UnsafeRawBufferPointer(rebasing: message.bytes[start...]))
    pending = target
    return true
  }

  /// Sends more of the pending bytes.
  ///
  /// - Returns: false when the connection is broken.
  func flush(descriptor: (Int) -> CInt?) -> Bool {
    if let pending {
      guard let sent = write(UnsafeRawBufferPointer(rebasing: pending.bytes[pendingStart...])) else { return false }
      pendingStart += sent
      if pendingStart < pending.count { return true }
      self.pending = nil
      buffers.give(back: pendingTaken)
      pendingTaken = 0
      pendingStart = 0
    }
    return sendFiles(descriptor)
  }

  private func sendFiles(_ descriptor: (Int) -> CInt?) -> Bool {
    while let key = pendingFiles.first {
      guard let sent = descriptor(key) else { return false }
      let code = clinux_send_fd(file, sent)
      if code == -EAGAIN { return true }
      guard code == 0 else { return false }
      pendingFiles.removeFirst()
    }
    return true
  }

  /// Bytes taken by the socket, nil when it is broken.
  private func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
    while true {
      let count = Glibc.send(file, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: return 0
      default: return nil
      }
    }
  }
}

/// Bytes received on a connection and not yet consumed.
///
/// A buffer that grows with the bytes that arrive, not with those that a header announces, and shrinks when a large
/// message is gone.
final class InputBuffer {
  enum ReadResult {
    case some
    case wouldBlock
    /// No memory for a message of this length.
    case noRoom
    case closed
  }

  static let usualCapacity = 16 << 10
  private static let largestKeptCapacity = 1 << 20

  private var base: UnsafeMutableRawPointer
  private var capacity = usualCapacity
  private var start = 0
  private var end = 0

  private let budget: any GrowthBudget

  /// - Parameter budget: what all connections share, with room for the usual capacity.
  init(_ budget: any GrowthBudget) {
    self.budget = budget
    _ = budget.take(Self.usualCapacity)
    base = Self.resized(nil, Self.usualCapacity)
  }

  deinit {
    free(base)
    budget.give(back: capacity)
  }

  /// The system moves a large buffer by its pages, without copying it.
  private static func resized(_ base: UnsafeMutableRawPointer?, _ capacity: Int) -> UnsafeMutableRawPointer {
    guard let memory = realloc(base, capacity) else { fatalError("there is no memory for \(capacity) bytes of input") }
    return memory
  }

  var count: Int { end - start }

  /// Calls read(2) once.
  func read(from file: CInt) -> ReadResult {
    guard makeRoom() else { return .noRoom }
    while true {
      let count = Glibc.read(file, base + end, capacity - end)
      if count > 0 {
        end += count
        return .some
      }
      if count == 0 { return .closed }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      default: return .closed
      }
    }
  }

  /// - Returns: false when the buffer is full and may not grow.
  private func makeRoom() -> Bool {
    if start == end {
      start = 0
      end = 0
      if capacity > Self.largestKeptCapacity {
        budget.give(back: capacity - Self.usualCapacity)
        resize(Self.usualCapacity)
      }
    }
    guard end == capacity else { return true }
    if start > 0 {
      base.copyMemory(from: base + start, byteCount: count)
      end -= start
      start = 0
    }
    guard capacity - end < capacity / 4 else { return true }
    if budget.take(capacity) { resize(capacity * 2) }
    return end < capacity
  }

  private func resize(_ newCapacity: Int) {
    base = Self.resized(base, newCapacity)
    capacity = newCapacity
  }

  enum Frame {
    case complete(UnsafeRawBufferPointer)
    case incomplete
    /// Longer than the protocol allows.
    case tooLong
  }

  /// The next message without consuming it; valid until the buffer changes.
  ///
  /// - Parameter longest: bytes that it may have.
  func nextFrame(longest: UInt64 = StoreProtocol.Frame.maximumLength) -> Frame {
    guard count >= StoreProtocol.Frame.headerSize else { return .incomplete }
    let length = StoreProtocol.Frame.length(UnsafeRawBufferPointer(start: base + start, count: 8))
    guard length <= longest else { return .tooLong }
    guard count >= 8 + Int(length) else { return .incomplete }
    return .complete(UnsafeRawBufferPointer(start: base + start + 8, count: Int(length)))
  }

  /// Drops a message returned by ``nextFrame()``.
  func consumeFrame(_ frame: UnsafeRawBufferPointer) { start += 8 + frame.count }

  /// Takes up to `limit` bytes out, for raw data behind a message; they are valid until the buffer changes.
  func take(atMost limit: Int) -> UnsafeRawBufferPointer {
    let taken = UnsafeRawBufferPointer(start: base + start, count: min(limit, count))
    start += taken.count
    return taken
  }
}

/// The sockets on which clients come, and the clients that have come.
final class Connections {
  let loop: EventLoop
  let store: Store
  let buffers: BufferBudget
  let log: Logger
  /// Connections by their tokens.
  private(set) var listeners: [UInt64: Listener] = [:]
  private var clients: [UInt64: Connection] = [:]
  private var nextListener = EventLoop.Token.firstListener
  private var nextClient = EventLoop.Token.firstConnection
  /// Strikes when clients are accepted again; nil while they are.
  var acceptTimer: TimerQueue<EventLoop.Timer>.Ticket?
  /// Clients that were closed at once because connections have no memory left.
  var refused: UInt64 = 0

  /// - Parameter buffers: what all connections may take for messages on their way.
  init(_ loop: EventLoop, _ store: Store, _ buffers: BufferBudget, log: Logger) {
    self.loop = loop
    self.store = store
    self.buffers = buffers
    self.log = log
  }

  subscript(token: UInt64) -> Connection? { clients[token] }

  var count: Int { clients.count }

  var isEmpty: Bool { clients.isEmpty }

  /// The clients, which may go meanwhile.
  var values: [Connection] { Array(clients.values) }

  // MARK: - Listeners

  func add(_ listener: Listener) {
    listeners[nextListener] = listener
    _ = loop.poller.add(listener.file, .reading, token: nextListener)
    nextListener += 1
  }

  /// Accepts no more clients on a socket.
  func removeListener(_ token: UInt64) {
    guard let listener = listeners.removeValue(forKey: token) else { return }
    loop.poller.remove(listener.file)
  }

  // MARK: - Clients

  /// Takes the token of a new connection.
  func takeToken() -> UInt64 {
    defer { nextClient += 1 }
    return nextClient
  }

  func add(_ connection: Connection) { clients[connection.id] = connection }

  /// Forgets a client and closes its socket.
  ///
  /// - Returns: false when it is forgotten already.
  func remove(_ connection: Connection) -> Bool {
    guard clients.removeValue(forKey: connection.id) != nil else { return false }
    loop.poller.remove(connection.file)
    Glibc.close(connection.file)
    resumeAccepting()
    return true
  }
}
