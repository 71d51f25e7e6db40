import KubernetesObjects
import Testing

@testable import KubernetesClient

@Suite("lines of a watch")
struct LineSplitterTests {
  private func lines(_ pieces: [[UInt8]]) -> [String] {
    var splitter = LineSplitter()
    return pieces.flatMap { splitter.take($0) }.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("wherever a piece ends, inside a character too, the lines are the same", arguments: 1...17)
  func boundaries(size: Int) {
    let text = Array("{\"a\":\"é😀\"}\n\n{\"b\":1}\r\n{\"c\":2}\n".utf8)
    let pieces = stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min($0 + size, text.count)]) }
    #expect(lines(pieces) == ["{\"a\":\"é😀\"}", "{\"b\":1}\r", "{\"c\":2}"])
  }

  @Test("a line of megabytes in small pieces is one line")
  func longLine() {
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
    var splitter = LineSplitter()
    for _ in 0..<4000 { #expect(splitter.take(piece).isEmpty) }
    #expect(splitter.isInsideLine)
    #expect(splitter.take([UInt8(ascii: "\n")]).first?.count == 4_000_000)
    #expect(!splitter.isInsideLine)
  }

  @Test("events, bookmarks and errors are told apart")
  func kinds() throws {
    let added = try WatchLine(
      Array(#"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}}"#.utf8), .pod)
    guard case .event(.added(let object), "7") = added else { throw NothingThrown() }
    #expect(object.reference == ObjectReference(type: .pod, name: "a"))
    let bookmark = try WatchLine(
      Array(#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}"#.utf8), .pod)
    guard case .bookmark("8") = bookmark else { throw NothingThrown() }
    let error = try WatchLine(Array(#"{"type":"ERROR","object":{"kind":"Status","code":410}}"#.utf8), .pod)
    guard case .failure(let status) = error else { throw NothingThrown() }
    #expect(status["code"]?.int == 410)
  }

  @Test("other lines are no watch", arguments: ["{", "[]", #"{"type":"ADDED"}"#, #"{"type":"X","object":{}}"#])
  func malformed(line: String) {
    #expect(throws: TransportFailure.self) { try WatchLine(Array(line.utf8), .pod) }
  }
}
