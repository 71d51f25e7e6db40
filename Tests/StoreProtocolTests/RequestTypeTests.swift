import StoreProtocol
import Testing

@Suite("request types")
struct RequestTypeTests {
  private func find(_ name: String) -> (type: RequestType, index: Int)? {
    let text = JSONText(name)
    return RequestType.find(text.bytes)
  }

  @Test("every request is found by its name on the wire, with its place among all")
  func all() throws {
    #expect(RequestType.allCases.count == Set(RequestType.allCases.map(\.rawValue)).count)
    for (index, type) in RequestType.allCases.enumerated() {
      let found = try #require(find(type.rawValue))
      #expect(found.type == type)
      #expect(found.index == index)
    }
  }

  @Test(
    "other texts are unknown",
    arguments: [
      "", "bogus", "exit", "exit_reques", "exit_request ", "EXIT_REQUEST", "exit_reply", "cluster_meta_request",
    ])
  func unknown(name: String) {
    #expect(find(name) == nil)
  }

  @Test("status codes have the numbers of the original")
  func codes() {
    let expected: [(StatusCode, UInt16)] = [
      (.invalid, 1), (.keyError, 2), (.ioError, 4), (.notImplemented, 6), (.assertionFailed, 7), (.objectExists, 11),
      (.objectNotExists, 12), (.objectSealed, 13), (.objectNotSealed, 14), (.metaTreeInvalid, 21),
      (.metaTreeNameNotExists, 25), (.metaTreeSubtreeNotExists, 27), (.serverNotReady, 31), (.connectionError, 34),
      (.notEnoughMemory, 41), (.streamDrained, 42), (.streamFailed, 43), (.invalidStreamState, 44),
      (.streamOpened, 45), (.globalObjectInvalid, 51),
    ]
    for (code, number) in expected { #expect(code.rawValue == number) }
  }

  @Test("a header is eight bytes, least significant first")
  func frame() {
    let header = JSONText(bytes: [0x68, 0x01, 0, 0, 0, 0, 0, 0x80])
    #expect(Frame.length(header.bytes) == 0x8000_0000_0000_0168)
    #expect(Frame.headerSize == 8)
    #expect(Frame.maximumLength == 268_435_456)
  }
}
