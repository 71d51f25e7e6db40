import Documents
import StoreProtocol
import Support

/// Requests whose replies are read.
extension StoreClient {
  /// Registers, and makes sure that the store takes it.
  public func handshake() throws(StoreClientError) {
    let reply: String
    do { reply = try register() } catch { throw .unreachable(error) }
    _ = try Self.read(reply)
  }

  /// Sends a request, its type among its fields, and reads the reply.
  ///
  /// - Throws: `StoreClientError.refused` for an error reply.
  public func call(_ request: Value) throws(StoreClientError) -> Value {
    let reply: String
    do { reply = try self.request(request.json) } catch { throw .unreachable(error) }
    return try Self.read(reply)
  }

  private static func read(_ reply: String) throws(StoreClientError) -> Value {
    let value: Value
    do { value = try Value(json: reply) } catch { throw .unintelligible("\(error)") }
    if let code = value["code"]?.int, code != 0 {
      let status = UInt16(exactly: code).flatMap(StatusCode.init) ?? .unknownError
      throw .refused(StoreError(status, value["message"]?.string ?? "status \(code)"))
    }
    guard value["type"]?.string != nil else { throw .unintelligible("it has no type") }
    return value
  }
}

extension StoreClientError {
  static func unintelligible(_ cause: String) -> StoreClientError {
    .unreachable(CommandError(.failed, "the answer of the store is not understood", cause: cause))
  }
}
