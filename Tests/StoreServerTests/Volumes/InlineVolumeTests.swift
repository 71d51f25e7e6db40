import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("volumes that the author of a pod describes")
  struct InlineVolumeTests {
    let fixture: VolumeFixture

    init() throws { fixture = try VolumeFixture() }

    @Test(
      "[Error] reach the objects of the store without the administrator's consent",
      arguments: [
        #""scope":"cluster""#, #""on_delete":"retain""#, #""scope":"cluster","on_delete":"retain""#,
      ])
    func refused(fields: String) throws {
      try fixture.open("before", #""ephemeral":true,\#(fields)"#)
      try fixture.restart(allowsClusterScope: false)
      #expect(try fixture.record("before") == nil)
      #expect(fixture.server.log.contains { $0.contains("volume before stays closed") })
      let reply = try fixture.ask("open_volume", "v", #""ephemeral":true,\#(fields)"#)
      #expect(reply["code"]?.integer == 6)
      #expect(reply["message"]?.text?.contains("spec.allowClusterScope") == true)
      #expect(try fixture.record("v") == nil)
      try fixture.open("claim", fields)
      try fixture.open("own", #""ephemeral":true"#)
    }
  }
}
