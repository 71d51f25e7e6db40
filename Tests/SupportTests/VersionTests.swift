import Support
import Testing

@Suite struct VersionTests {
  @Test(arguments: [Version.current, Version.product])
  func `a version is three plain numbers`(_ version: String) {
    let parts = version.split(separator: ".", omittingEmptySubsequences: false)
    #expect(parts.count == 3)
    #expect(parts.allSatisfy { UInt($0) != nil })
  }
}
