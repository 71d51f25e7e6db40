import NIOCore
import NIOSSL

/// Answers a server's pings in front of the HTTP/2 library, which ends a connection after 200 of them in 30 seconds.
///
/// Servers written with grpc-go, such as etcd, ping with about every message they get, to find out what the network can
/// take (RFC 9113, section 6.7, for the frames).
final class PingResponder: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let headerLength = 9
  private static let pingType: UInt8 = 6
  private static let acknowledgement: UInt8 = 1

  /// Bytes of a header or a ping that is not complete yet.
  private var pending = ByteBuffer()
  /// Bytes of the frame at hand that are passed on.
  private var passing = 0

  /// Puts one into a connection, behind the encryption.
  static func add(to channel: any Channel) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      if let encryption = try? pipeline.handler(type: NIOSSLClientHandler.self) {
        try pipeline.addHandler(PingResponder(), position: .after(encryption))
      } else {
        try pipeline.addHandler(PingResponder(), position: .first)
      }
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var input = unwrapInboundIn(data)
    if pending.readableBytes > 0 {
      pending.writeBuffer(&input)
      swap(&pending, &input)
      pending.clear()
    }
    var output = context.channel.allocator.buffer(capacity: input.readableBytes)
    var isAnswered = false
    while input.readableBytes > 0 {
      if passing > 0, var part = input.readSlice(length: min(passing, input.readableBytes)) {
        passing -= part.readableBytes
        output.writeBuffer(&part)
        continue
      }
      guard let isPing = isPing(input) else {
        pending = input
        break
      }
      if isPing {
        answer(&input, context)
        isAnswered = true
      }
    }
    if output.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(output)) }
    if isAnswered { context.flush() }
  }

  /// Looks at the frame that begins here; one that is none to answer is to be passed on.
  ///
  /// - Returns: nil when more has to come before that can be told.
  private func isPing(_ input: ByteBuffer) -> Bool? {
    let start = input.readerIndex
    guard input.readableBytes >= Self.headerLength, let length = input.getBytes(at: start, length: 3),
      let type: UInt8 = input.getInteger(at: start + 3), let flags: UInt8 = input.getInteger(at: start + 4)
    else { return nil }
    let payload = length.reduce(0) { $0 << 8 | Int($1) }
    guard type == Self.pingType, flags & Self.acknowledgement == 0, payload == 8 else {
      passing = Self.headerLength + payload
      return false
    }
    return input.readableBytes >= Self.headerLength + payload ? true : nil
  }

  private func answer(_ input: inout ByteBuffer, _ context: ChannelHandlerContext) {
    guard var frame = input.readSlice(length: Self.headerLength + 8) else { return }
    frame.setInteger(Self.acknowledgement, at: frame.readerIndex + 4)
    context.write(wrapOutboundOut(frame), promise: nil)
  }
}
