import CSIProtocol
import GRPCCore
import StoreClient
import StoreProtocol
import Support
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("Why a volume finds no place")
struct PlacementFailureTests {
  private func full(_ node: String) throws -> StoreFailure {
    StoreFailure(store: try .sample(node), reason: .refused(StoreError(.notEnoughMemory, "1 GiB of 2 GiB left")))
  }

  private func silent(_ node: String) throws -> StoreFailure {
    StoreFailure(store: try .sample(node), reason: .unreachable(ProgramError(.failed, "nobody accepts")))
  }

  @Test("names each node with its reason")
  func reasons() throws {
    let wanted = try CreateVolumeParameters(
      .sample { $0.accessibilityRequirements = .nodes(requisite: ["a", "b", "c"], preferred: ["c"]) })
    var failure = PlacementFailure(wanted, [try .sample("a"), try .sample("b", isReady: false)], [])
    #expect(failure.considers(try .sample("a")))
    try failure.note(try full("a"))
    let error = failure.rpcError
    #expect(error.code == .resourceExhausted)
    #expect(error.message.contains("node a: 1 GiB of 2 GiB left"))
    #expect(error.message.contains("node b: its store is not ready"))
    #expect(error.message.contains("node c: no store"))
  }

  @Test("is a passing one when a store doesn't answer")
  func silence() throws {
    var failure = PlacementFailure(try CreateVolumeParameters(.sample()), [try .sample("a")], [try silent("a")])
    #expect(!failure.considers(try .sample("a")))
    #expect(failure.rpcError.code == .unavailable)
    #expect(failure.rpcError.message.contains("nobody accepts"))
  }

  @Test("says that there is no cluster")
  func nothing() throws {
    let error = PlacementFailure(try CreateVolumeParameters(.sample()), [], []).rpcError
    #expect(error.code == .resourceExhausted)
    #expect(error.message.contains("no stores"))
  }

  @Test("stays short on a cluster of a thousand nodes")
  func many() throws {
    let stores = try (0..<1000).map { try StoreEndpoint.sample("node-\($0)", isReady: false) }
    let message = PlacementFailure(try CreateVolumeParameters(.sample()), stores, []).rpcError.message
    #expect(message.contains("and 992 more"))
    #expect(message.utf8.count < 1000)
  }

  @Test("ends the search when a store fails after it was asked, since the volume may be there")
  func lostAnswer() throws {
    var failure = PlacementFailure(try CreateVolumeParameters(.sample()), [try .sample("a")], [])
    let error = #expect(throws: RPCError.self) { try failure.note(try silent("a")) }
    #expect(error?.code == .unavailable)
  }

  @Test("is a wrong source when the store cannot copy it")
  func source() throws {
    let wanted = try CreateVolumeParameters(.sample { $0.volumeContentSource.volume.volumeID = "ns/store/pvc-2" })
    var failure = PlacementFailure(wanted, [try .sample("a")], [])
    let refusal = StoreFailure(store: try .sample("a"), reason: .refused(StoreError(.notImplemented, "no copies")))
    let error = #expect(throws: RPCError.self) { try failure.note(refusal) }
    #expect(error?.code == .invalidArgument)
  }
}
