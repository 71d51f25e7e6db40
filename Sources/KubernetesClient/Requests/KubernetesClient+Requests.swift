import Documents
import Logging
import Support
import Synchronization

/// Way from a call to its answer.
extension KubernetesClient {
  /// Carries a call out, again where that may help.
  ///
  /// - Returns: the body of a success.
  func send(_ call: APICall) async throws -> Value {
    try await repeating(call) { request in
      let response = try await self.transport.perform(request)
      try self.check(response, call)
      do throws(DocumentError) {
        return try Value(json: response.body)
      } catch {
        var failure = TransportFailure(.malformedAnswer, "the answer is no JSON: \(error)")
        failure.isPage = response.body.first { $0 > 0x20 } == UInt8(ascii: "<")
        throw failure
      }
    }
  }

  /// Carries a call out whose answer is plain text.
  func sendForText(_ call: APICall) async throws -> String {
    try await repeating(call) { request in
      let response = try await self.transport.perform(request)
      try self.check(response, call)
      return String(decoding: response.body, as: UTF8.self)
    }
  }

  /// Opens a stream, with one more try after a 401; other failures are the caller's to repeat.
  func open(_ call: APICall) async throws -> HTTPStream {
    try await repeating(call, mayWait: false) { request in
      var request = request
      request.timeout = nil
      request.silence = self.timing.silence
      request.bodyLimit = self.timing.watchBuffer
      let stream = try await self.transport.open(request)
      guard stream.head.status != 200 else { return stream }
      let response = HTTPResponse(head: stream.head, body: try await stream.rest())
      throw KubernetesError(response, call.operation, server: self.server)
    }
  }

  /// Gives a failure of the transport the operation it was for.
  func placed(_ error: any Error, _ operation: Operation) -> any Error {
    guard let failure = error as? TransportFailure else { return error }
    return TransportError(failure, operation, server: server)
  }

  private func check(_ response: HTTPResponse, _ call: APICall) throws {
    pass(on: response.head.values("Warning"))
    guard (200..<300).contains(response.status) else {
      throw KubernetesError(response, call.operation, server: server)
    }
  }

  func repeating<Answer>(
    _ call: APICall, mayWait: Bool = true, _ exchange: (HTTPRequest) async throws -> Answer
  ) async throws -> Answer {
    var attempts = 0
    var hasRefreshed = false
    while true {
      attempts += 1
      let error: any Error
      do {
        let answer = try await once(call, exchange)
        hasAnswered.store(true, ordering: .relaxed)
        return answer
      } catch var refusal as KubernetesError {
        refusal.attempts = attempts
        hasAnswered.store(true, ordering: .relaxed)
        if refusal.httpStatus == 401, !hasRefreshed {
          hasRefreshed = true
          log.debug("\(call.operation): the server answered 401, asking for new credentials")
          if await configuration.credentials.refresh() { continue }
        }
        error = refusal
      } catch let failure as TransportFailure {
        error = placed(failure, call.operation)
      }
      let situation = RetryPolicy.Situation(
        attempt: attempts, effect: call.effect, hasAnswered: hasAnswered.load(ordering: .relaxed))
      guard mayWait, let delay = timing.retry.delay(after: error, situation) else { throw error }
      log.debug("\(call.operation): \(error); trying again in \(delay.milliseconds) ms")
      try await timing.sleep(delay)
    }
  }

  private func once<Answer>(
    _ call: APICall, _ exchange: (HTTPRequest) async throws -> Answer
  ) async throws -> Answer {
    try Task.checkCancellation()
    let request = try await request(for: call)
    let clock = ContinuousClock()
    let start = clock.now
    do {
      let answer = try await exchange(request)
      log.debug("\(call.method) \(call.path.text): answered after \((clock.now - start).milliseconds) ms")
      observe?(Exchange(verb: call.operation.verb, status: 200, duration: clock.now - start))
      return answer
    } catch {
      let status = (error as? KubernetesError)?.httpStatus
      observe?(Exchange(verb: call.operation.verb, status: status, duration: clock.now - start))
      log.debug("\(call.method) \(call.path.text): failed after \((clock.now - start).milliseconds) ms")
      throw error
    }
  }

  private func request(for call: APICall) async throws -> HTTPRequest {
    let credentials = try await configuration.credentials.current()
    let address = try ServerAddress(configuration.server)
    var request = HTTPRequest("")
    request.method = call.method
    request.isSentOnce = call.effect == .once
    request.body = call.body.map { Array($0.json.utf8) }
    let limits = limits
    request.timeout = limits.exchange
    request.connection = TransferSettings(
      tls: configuration.tls, certificate: credentials.certificate, proxy: configuration.proxy,
      connectLimit: limits.connection)
    request.headers = [
      HTTPHeader("User-Agent", "vineyardctl/\(Version.product)"), HTTPHeader("Accept", call.accept),
    ]
    if call.body != nil { request.headers.append(HTTPHeader("Content-Type", call.contentType)) }
    if let authorization = credentials.authorization {
      request.headers.append(HTTPHeader("Authorization", authorization))
    }
    request.headers += configuration.impersonation?.headers ?? []
    try request.direct(to: address, path: call.path.text, serverName: configuration.tls.serverName)
    return request
  }

  /// Time limits of connecting and of a whole exchange, nil for none: `--request-timeout` is for both together.
  var limits: (connection: Duration?, exchange: Duration?) {
    guard let seconds = configuration.requestTimeout else {
      return (timing.connection, timing.connection + timing.request)
    }
    let limit: Duration? = seconds > 0 ? .seconds(seconds) : nil
    return (limit, limit)
  }

  /// Shows each warning of the server once.
  private func pass(on values: [String]) {
    for value in values {
      let text = WarningHeader.text(value)
      if warnings.withLock({ $0.insert(text).inserted }) { log.warning("\(text)") }
    }
  }
}

extension HTTPRequest {
  /// Sets the URL; for a server name of its own, libcurl gets that name in the URL and connects to the address.
  ///
  /// - Throws: `ProgramError` for a header that could smuggle in others.
  mutating func direct(to address: ServerAddress, path: String, serverName: String?) throws {
    target = "\(address.path)\(path)"
    let scheme = address.isSecure ? "https" : "http"
    if let serverName, address.isSecure, serverName != address.host {
      url = "\(scheme)://\(serverName):\(address.port)\(target)"
      connection.connectTo = "\(serverName):\(address.port):\(address.authority)"
      headers.append(HTTPHeader("Host", address.authority))
    } else {
      url = "\(scheme)://\(address.authority)\(target)"
    }
    for header in headers where header.value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw ProgramError(.failed, "the value for the header \(header.name) has a line break or control character")
    }
  }
}
