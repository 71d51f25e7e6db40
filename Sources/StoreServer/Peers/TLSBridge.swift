import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Support
import Synchronization

/// Turns connections to other stores into encrypted ones, on two threads of its own.
///
/// What passes is encrypted between the socket of the connection and one end of a pair of sockets. The other end is
/// used in its place, so that everybody who reads and writes bytes does so as without TLS.
final class TLSBridge: Sendable {
  /// An encrypted connection as its user sees it.
  struct Joint: Sendable {
    /// A socket whose bytes are plain; the user closes it.
    let file: CInt
    let failure: Failure
  }

  /// Why a connection ended that did not end in good order.
  final class Failure: Sendable {
    private let text = Mutex<String?>(nil)

    var reason: String? { text.withLock { $0 } }

    fileprivate func note(_ error: any Error) { text.withLock { $0 = $0 ?? TransportReason.text(error) } }
  }

  let settings: PeerTLS
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

  init(_ settings: PeerTLS) { self.settings = settings }

  /// Encrypts a connection; it waits for the disk, not for the other side.
  ///
  /// - Parameter file: a socket that is nobody else's; it is closed in any case.
  /// - Throws: `ProgramError` when the certificates cannot be used.
  func join(_ file: CInt, as side: PeerProof.Side) throws(ProgramError) -> Joint {
    let context: NIOSSLContext
    var ends: [CInt] = [-1, -1]
    do throws(ProgramError) {
      context = try settings.context(of: side)
      guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
        throw ProgramError.system("cannot make a pair of sockets", errno: errno)
      }
    } catch {
      close(file)
      throw error
    }
    for end in ends { Self.enlarge(end) }
    let failure = Failure()
    let loop = group.next()
    let (outer, inner) = (file, ends[0])
    do {
      try loop.flatSubmit { Self.connect(outer, inner, context, side, failure, on: loop) }.wait()
    } catch {
      close(ends[1])
      throw ProgramError(.failed, "cannot encrypt a connection", cause: "\(error)")
    }
    return Joint(file: ends[1], failure: failure)
  }

  /// Ends all connections and the threads.
  func stop() { try? group.syncShutdownGracefully() }

  private static func enlarge(_ file: CInt) {
    var bytes: CInt = 1 << 20
    for option in [SO_SNDBUF, SO_RCVBUF] {
      setsockopt(file, SOL_SOCKET, option, &bytes, socklen_t(MemoryLayout<CInt>.size))
    }
  }

  /// Time for the handshake.
  private static let patience = TimeAmount.seconds(10)

  private static func bootstrap(on loop: any NIOCore.EventLoop) -> ClientBootstrap {
    ClientBootstrap(group: loop).channelOption(.autoRead, value: false)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 256 << 10))
  }

  private static func connect(
    _ outer: CInt, _ inner: CInt, _ context: NIOSSLContext, _ side: PeerProof.Side, _ failure: Failure,
    on loop: any NIOCore.EventLoop
  ) -> EventLoopFuture<Void> {
    let relays = NIOLoopBound((Relay(failure), Relay(failure)), eventLoop: loop)
    relays.value.0.partner = relays.value.1
    relays.value.1.partner = relays.value.0
    let plain = bootstrap(on: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(relays.value.1) }
    }
    let encrypted = bootstrap(on: loop).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        switch side {
        case .owner: try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        case .caller:
          try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
        }
        try channel.pipeline.syncOperations.addHandler(relays.value.0)
      }
    }
    let (first, second) = (plain.withConnectedSocket(inner), encrypted.withConnectedSocket(outer))
    first.whenFailure { _ in close(inner) }
    second.whenFailure { _ in close(outer) }
    let both = first.and(second)
    both.whenFailure { _ in
      for channel in [first, second] { channel.whenSuccess { $0.close(promise: nil) } }
    }
    // Neither reads before there is somebody to pass it on to.
    return both.flatMap { plain, encrypted in
      loop.scheduleTask(in: patience) {
        guard !relays.value.0.hasRead else { return }
        failure.note(ProgramError(.failed, "the other store does not answer in TLS"))
        encrypted.close(promise: nil)
      }
      return plain.setOption(.autoRead, value: true).and(encrypted.setOption(.autoRead, value: true)).map { _ in }
    }
  }
}

/// Passes what one channel reads on to another, as fast as that takes it; both are of one event loop.
private final class Relay: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  var partner: Relay?
  private(set) var hasRead = false
  private let failure: TLSBridge.Failure
  private var context: ChannelHandlerContext?
  private var wantsToRead = false

  init(_ failure: TLSBridge.Failure) { self.failure = failure }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    partner = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    hasRead = true
    partner?.write(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

  func channelInactive(context: ChannelHandlerContext) { partner?.end() }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    failure.note(error)
    context.close(promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { partner?.readOn() }
  }

  func read(context: ChannelHandlerContext) {
    if partner?.context?.channel.isWritable ?? true { context.read() } else { wantsToRead = true }
  }

  private func write(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }

  private func readOn() {
    guard wantsToRead else { return }
    wantsToRead = false
    context?.read()
  }

  /// Closes the channel when what was written has gone.
  private func end() {
    guard let context else { return }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in bound.value.close(promise: nil) }
  }
}
