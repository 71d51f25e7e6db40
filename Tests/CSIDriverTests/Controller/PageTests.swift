import GRPCCore
import Support
import Testing

@testable import CSIDriver

@Suite("Lists in parts")
struct PageTests {
  private func page(
    _ all: [String], after token: String = "", limit: Int32 = 0, list: String = "volumes"
  ) throws -> Page<String> {
    try Page(of: all, list: list, id: \.self, after: token, limit: limit)
  }

  @Test("without a limit the whole list comes, sorted, without a token")
  func whole() throws {
    let page = try page(["c", "a", "b"])
    #expect(page.entries == ["a", "b", "c"])
    #expect(page.nextToken.isEmpty)
  }

  @Test("the parts together are the list", arguments: [1, 2, 3, 4, 5, 6] as [Int32])
  func parts(limit: Int32) throws {
    let all = ["e", "b", "d", "a", "c"]
    var told: [String] = []
    var token = ""
    repeat {
      let page = try page(all, after: token, limit: limit)
      #expect(page.entries.count <= Int(limit))
      told += page.entries
      token = page.nextToken
    } while !token.isEmpty
    #expect(told == all.sorted())
  }

  @Test("entries that go between two parts move no others")
  func deletion() throws {
    let first = try page(["a", "b", "c", "d"], limit: 2)
    #expect(try page(["c", "d"], after: first.nextToken).entries == ["c", "d"])
    #expect(try page(["a", "bb", "c", "d"], after: first.nextToken).entries == ["bb", "c", "d"])
  }

  @Test("an empty list has one empty part")
  func empty() throws {
    let page = try page([], limit: 3)
    #expect(page.entries.isEmpty && page.nextToken.isEmpty)
  }

  @Test("[Error] invalid starting_token", arguments: ["invalid-token", "1", "AAAA", "====", "//8="])
  func badToken(token: String) {
    let error = #expect(throws: RPCError.self) { try page(["a"], after: token) }
    #expect(error?.code == .aborted)
  }

  @Test("[Error] a token of another list")
  func foreignToken() throws {
    let token = try page(["a", "b"], limit: 1).nextToken
    let error = #expect(throws: RPCError.self) { try page(["a"], after: token, list: "snapshots") }
    #expect(error?.code == .aborted)
  }

  @Test("[Error] negative max_entries")
  func negative() {
    let error = #expect(throws: RPCError.self) { try page(["a"], limit: -1) }
    #expect(error?.code == .invalidArgument)
  }
}
