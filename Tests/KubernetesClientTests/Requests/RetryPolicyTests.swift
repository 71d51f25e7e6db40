import Coordination
import Testing

@testable import KubernetesClient

@Suite("retries")
struct RetryPolicyTests {
  private func policy() -> RetryPolicy {
    var policy = RetryPolicy()
    policy.backOff.jitter = { 1 }
    return policy
  }

  private func delay(
    _ error: any Error, _ effect: RetryPolicy.Effect, attempt: Int = 1, hasAnswered: Bool = true
  ) -> Duration? {
    policy().delay(after: error, .init(attempt: attempt, effect: effect, hasAnswered: hasAnswered))
  }

  private func status(_ code: Int, _ message: String = "", retryAfter: Duration? = nil) -> KubernetesError {
    KubernetesError(
      httpStatus: code, reason: "", message: message, causes: [], retryAfter: retryAfter,
      operation: Operation("get", "it"), server: "s", namesObject: false)
  }

  private func failure(_ kind: TransportError.Kind) -> TransportError {
    TransportError(TransportFailure(kind, ""), Operation("get", "it"), server: "s")
  }

  @Test("the wait doubles up to a limit")
  func backOff() {
    let waits = (1...8).map { policy().backOff.delay(after: $0) }
    #expect(waits.prefix(4) == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)])
    #expect(waits.suffix(3) == [.seconds(5), .seconds(5), .seconds(5)])
    #expect(policy().backOff.delay(after: 1000) == .seconds(5))
  }

  @Test("jitter takes away up to half of the wait")
  func jitter() {
    var policy = policy()
    policy.backOff.jitter = { 0 }
    #expect(policy.backOff.delay(after: 1) == .milliseconds(125))
  }

  @Test(
    "an overloaded or broken gateway is asked again, unless something could happen twice", arguments: [502, 503, 504])
  func gateways(code: Int) {
    #expect(delay(status(code), .read) == .milliseconds(250))
    #expect(delay(status(code), .repeatable) == .milliseconds(250))
    #expect(delay(status(code), .once) == nil)
  }

  @Test("429 with Retry-After was not carried out, so everything is asked again, as late as the server wants")
  func tooMany() {
    #expect(delay(status(429, retryAfter: .seconds(3)), .once) == .seconds(3))
    #expect(delay(status(429), .once) == nil)
    #expect(delay(status(429), .repeatable) == .milliseconds(250))
  }

  @Test("a server that wants to be left alone for minutes gets no second try")
  func longWait() {
    #expect(delay(status(429, retryAfter: .seconds(300)), .read) == nil)
  }

  @Test("500 is asked again when reading, and when it says that it passes")
  func internalErrors() {
    #expect(delay(status(500), .read) != nil)
    #expect(delay(status(500, "boom"), .repeatable) == nil)
    #expect(delay(status(500, "etcdserver: leader changed"), .repeatable) != nil)
    #expect(delay(status(500, "boom", retryAfter: .seconds(1)), .repeatable) == .seconds(1))
    #expect(delay(status(500, "etcdserver: request timed out"), .once) == nil)
  }

  @Test("what the server decided stays decided", arguments: [400, 401, 403, 404, 409, 410, 422])
  func decided(code: Int) {
    #expect(delay(status(code), .read) == nil)
  }

  @Test("a broken connection is tried again where that does no harm")
  func resets() {
    #expect(delay(failure(.reset), .read) != nil)
    #expect(delay(failure(.reset), .once) == nil)
    #expect(delay(failure(.reset), .read, attempt: 3, hasAnswered: false) == nil)
  }

  @Test("a server that refuses connections is waited for only if it was there before")
  func refused() {
    #expect(delay(failure(.unreachable(.refused)), .once) != nil)
    #expect(delay(failure(.unreachable(.noAnswer(.connection))), .read, attempt: 2) != nil)
    #expect(delay(failure(.unreachable(.noAnswer(.connection))), .read, attempt: 3) == nil)
    #expect(delay(failure(.unreachable(.refused)), .read, hasAnswered: false) == nil)
    #expect(delay(failure(.unreachable(.unknownHost)), .read) == nil)
  }

  @Test("a certificate does not get better by asking again")
  func certificates() {
    #expect(delay(failure(.tls(.expired)), .read) == nil)
    #expect(delay(failure(.timeout), .read) == nil)
  }

  @Test("after the last try there is no other")
  func attempts() {
    #expect(delay(status(503), .read, attempt: 5) != nil)
    #expect(delay(status(503), .read, attempt: 6) == nil)
  }
}

@Suite("Retry-After")
struct RetryAfterTests {
  @Test("seconds")
  func seconds() {
    #expect(RetryAfter.duration("7") == .seconds(7))
    #expect(RetryAfter.duration("-7") == nil)
  }

  @Test("a date of HTTP, in the future or in the past")
  func date() {
    // 1994-11-06T08:49:37Z
    #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_770) == .seconds(7))
    #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:37 GMT", now: 784_111_999) == .zero)
  }

  @Test("what is neither counts for nothing")
  func junk() { #expect(RetryAfter.duration("soon") == nil) }
}
