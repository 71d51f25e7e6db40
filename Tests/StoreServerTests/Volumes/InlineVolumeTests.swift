import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("volumes that the author of a pod describes")
  struct InlineVolumeTests {
    let world: VolumeWorld

    init() throws { world = try VolumeWorld() }

    @Test(
      "[Error] reach the objects of the store without the administrator's consent",
      arguments: [
        #""scope":"cluster""#, #""on_delete":"retain""#, #""scope":"cluster","on_delete":"retain""#,
      ])
    func refused(fields: String) throws {
      try world.open("before", #""ephemeral":true,\#(fields)"#)
      try world.restart(allowsClusterScope: false)
      #expect(try world.record("before") == nil)
      #expect(world.server.log.contains { $0.contains("volume before stays closed") })
      let reply = try world.ask("open_volume", "v", #""ephemeral":true,\#(fields)"#)
      #expect(reply["code"]?.integer == 6)
      #expect(reply["message"]?.text?.contains("spec.allowClusterScope") == true)
      #expect(try world.record("v") == nil)
      try world.open("claim", fields)
      try world.open("own", #""ephemeral":true"#)
    }
  }
}
