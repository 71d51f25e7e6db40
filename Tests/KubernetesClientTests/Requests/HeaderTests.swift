import Documents
import Testing

@testable import KubernetesClient

@Suite("headers")
struct HeaderTests {
  @Test("the last head before the body counts; proxies and interim answers are passed over")
  func interim() {
    var parser = HTTPHeadParser()
    let lines = [
      "HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "Content-Type:  text/plain \r\n", "x: a:b\r\n",
    ]
    #expect(lines.allSatisfy { parser.take($0) == nil })
    let head = parser.take("\r\n")
    #expect(head?.status == 200)
    #expect(head?.value("content-type") == "text/plain")
    #expect(head?.value("X") == "a:b")
  }

  @Test("HTTP/2 has a status without a phrase")
  func http2() {
    var parser = HTTPHeadParser()
    #expect(parser.take("HTTP/2 404 \r\n") == nil)
    #expect(parser.take("\r\n")?.status == 404)
  }

  @Test("a warning is the text between its quotes")
  func warnings() {
    #expect(WarningHeader.text(#"299 - "v1 is deprecated, use \"v2\"""#) == #"v1 is deprecated, use "v2""#)
    #expect(WarningHeader.text("odd") == "odd")
  }

  @Test("versions may have letters behind their numbers")
  func versions() {
    let version = ServerVersion(["major": "1", "minor": "27+", "gitVersion": "v1.27.3-eks"])
    #expect(version?.minor == 27)
    #expect(version?.description == "v1.27.3-eks")
    #expect(ServerVersion(["major": "x", "minor": "1"]) == nil)
  }
}
