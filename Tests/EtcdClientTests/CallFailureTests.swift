import GRPCCore
import Testing

@testable import EtcdClient

@Suite("what errors of etcd mean")
struct CallFailureTests {
  @Test("given a broken connection, then only what was never sent is known not to have happened")
  func connection() {
    for code in [RPCError.Code.unavailable, .deadlineExceeded, .cancelled, .unknown, .internalError] {
      let error = RPCError(code: code, message: "broken")
      #expect(CallFailure(error, wasSent: false) == .notSent("broken"))
      #expect(CallFailure(error, wasSent: true) == .lost("broken"))
    }
    let timedOut = RPCError(code: .unavailable, message: "etcdserver: request timed out")
    #expect(CallFailure(timedOut, wasSent: true) == .lost("etcdserver: request timed out"))
    let leaderless = RPCError(code: .unavailable, message: "etcdserver: no leader")
    #expect(CallFailure(leaderless, wasSent: true) == .passing("etcdserver: no leader"))
  }

  @Test(
    "given what etcd says, then it is an error of its own",
    arguments: [
      (RPCError.Code.outOfRange, "etcdserver: mvcc: required revision has been compacted", EtcdError.compacted(nil)),
      (.resourceExhausted, "etcdserver: mvcc: database space exceeded", .noSpace),
      (.invalidArgument, "etcdserver: request is too large", .tooLarge("etcdserver: request is too large")),
      (.permissionDenied, "etcdserver: permission denied", .denied("etcdserver: permission denied")),
      (.notFound, "etcdserver: requested lease not found", .leaseLost(0)),
      (.unimplemented, "unknown service", .refused("unknown service")),
    ])
  func messages(_ code: RPCError.Code, _ message: String, _ expected: EtcdError) {
    #expect(CallFailure(RPCError(code: code, message: message), wasSent: true) == .final(expected))
  }

  @Test("given an outdated token in any of etcd's words, then a new one is asked for")
  func tokens() {
    for (code, message) in [
      (RPCError.Code.unauthenticated, "etcdserver: invalid auth token"),
      (.invalidArgument, "etcdserver: user name is empty"),
      (.invalidArgument, "etcdserver: revision of auth store is old"),
    ] {
      #expect(CallFailure(RPCError(code: code, message: message), wasSent: true) == .badToken(message))
    }
  }

  @Test("given an error of a transport, then the reason below it is told")
  func causes() {
    let cause = TestFailure("connection refused")
    let error = RPCError(code: .unavailable, message: "no connection", cause: cause)
    #expect(CallFailure(error, wasSent: false) == .notSent("no connection: connection refused"))
  }

  @Test("given an error of the network library, then its reason is told in words")
  func words() {
    let refused = RPCError(
      code: .unavailable, message: "Could not establish a connection to [ipv4]127.0.0.1:2379.",
      cause: TestFailure("connection reset (error set): Connection refused) (errno: 111)"))
    #expect(CallFailure(refused, wasSent: false) == .notSent("Connection refused"))
    let handshake = RPCError(
      code: .unavailable, message: "Could not establish a connection to [ipv4]127.0.0.1:2379.",
      cause: TestFailure(
        "handshakeFailed(Error: 268 error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED)")
    )
    #expect(CallFailure(handshake, wasSent: false) == .notSent("certificate verify failed"))
  }
}
