import Testing

@testable import Support

@Suite("reasons of network libraries")
struct TransportReasonTests {
  private struct Failure: Error, CustomStringConvertible { let description: String }

  @Test(
    "given an error of a library, then its reason is told in words",
    arguments: [
      ("connection reset (error set): Connection refused) (errno: 111)", "Connection refused"),
      (
        "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435581 error:1000007d:SSL routines:"
          + "OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at /a/handshake.cc:295]))", "certificate verify failed"
      ),
      ("handshakeFailed(NIOSSL.BoringSSLError.sslError([Error:  EOF during handshake]))", "EOF during handshake"),
      ("something else", "something else"),
    ])
  func text(_ error: String, _ expected: String) {
    #expect(TransportReason.text(Failure(description: error)) == expected)
  }
}
