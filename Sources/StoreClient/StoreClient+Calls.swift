import StoreProtocol
import Support

/// Requests whose replies are read.
extension StoreClient {
  /// Registers, and makes sure that the store takes it.
  ///
  /// - Throws: `StoreClientError`.
  public func handshake() throws(StoreClientError) { try call(Array(Self.registration.utf8)) { _ in } }

  /// Sends a request and reads the reply.
  ///
  /// - Parameters:
  ///   - request: JSON, with its type among the fields.
  ///   - read: takes what is wanted of the reply, which is gone afterwards.
  /// - Throws: `StoreClientError.refused` for an error reply, `.unreachable` when there is none or `read` throws.
  public func call<Reply>(
    _ request: [UInt8], _ read: (RequestMessage) throws(StoreError) -> Reply
  ) throws(StoreClientError) -> Reply {
    let bytes: [UInt8]
    do {
      try sendRaw(Self.frame(request))
      bytes = try receive()
    } catch {
      throw .unreachable(error)
    }
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(StoreClientError) in try Self.read(bytes, read) }
    }
    return try result.get()
  }

  private static func read<Reply>(
    _ bytes: UnsafeRawBufferPointer, _ read: (RequestMessage) throws(StoreError) -> Reply
  ) throws(StoreClientError) -> Reply {
    let message = RequestMessage()
    let refusal: StoreError?
    do throws(StoreError) {
      try message.parse(bytes)
      refusal = try Self.refusal(message)
      if refusal == nil {
        _ = try message.string("type")
        return try read(message)
      }
    } catch {
      throw .unreachable(
        CommandError(.failed, "the answer of the store is not understood", cause: error.message))
    }
    throw .refused(refusal ?? StoreError(.unknownError, ""))
  }

  /// The error that a reply carries, nil for any other reply.
  private static func refusal(_ message: RequestMessage) throws(StoreError) -> StoreError? {
    let code = try message.integer("code", default: 0)
    if code == 0 { return nil }
    let status = UInt16(exactly: code).flatMap(StatusCode.init) ?? .unknownError
    return StoreError(status, try message.string("message", default: "status \(code)"))
  }
}
