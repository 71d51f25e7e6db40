/// Counts moved bytes, so that the loop sees when nothing moves.
final class Activity {
  var count = 0
}

/// Buffers that libcurl's callbacks of one exchange read and write; used on the loop's thread only.
final class TransferSink {
  let transfer: Transfer
  private let activity: Activity
  /// Bytes of the body that libcurl has read.
  private var given = 0

  init(_ transfer: Transfer, _ activity: Activity) {
    self.transfer = transfer
    self.activity = activity
  }

  /// The sink behind a callback's context.
  static func at(_ context: UnsafeMutableRawPointer?) -> TransferSink? {
    context.map { Unmanaged<TransferSink>.fromOpaque($0).takeUnretainedValue() }
  }

  /// - Returns: the number of bytes of the body put into the buffer.
  func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    let rest = (transfer.request.body ?? [])[given...].prefix(buffer.count)
    buffer.copyBytes(from: rest)
    given += rest.count
    return rest.count
  }

  /// - Returns: the number of bytes taken, as libcurl wants it.
  func take(headerLine bytes: UnsafeRawBufferPointer) -> Int {
    activity.count += 1
    transfer.receive(headerLine: String(decoding: bytes, as: UTF8.self))
    return bytes.count
  }

  /// - Returns: the number of bytes taken; fewer than there are end the exchange.
  func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    activity.count += 1
    return transfer.receive(bytes) ? bytes.count : 0
  }
}
