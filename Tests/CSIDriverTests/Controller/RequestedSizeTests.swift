import CSIProtocol
import GRPCCore
import StoreProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("Size of a volume")
struct RequestedSizeTests {
  private func quota(_ required: Int64, _ limit: Int64 = 0, parameter: String? = nil) throws -> UInt64? {
    let wanted = try CreateVolumeParameters(
      .sample {
        $0.capacityRange = .with {
          $0.requiredBytes = required
          $0.limitBytes = limit
        }
        $0.parameters["quota"] = parameter
      })
    return wanted.quota
  }

  @Test("is what the claim requests")
  func request() throws {
    #expect(try quota(gibibyte) == UInt64(gibibyte))
    #expect(try quota(gibibyte, 2 * gibibyte) == UInt64(gibibyte))
  }

  @Test("is the limit when nothing is required")
  func limitOnly() throws {
    #expect(try quota(0, gibibyte) == UInt64(gibibyte))
  }

  @Test("is not limited when nobody counted: nothing or 1Mi requested", arguments: [0, 1, 1 << 20])
  func uncounted(required: Int64) throws {
    #expect(try quota(required) == nil)
  }

  @Test("is limited to the little that was requested when there is a limit")
  func littleButLimited() throws {
    #expect(try quota(4096, 8192) == 4096)
  }

  @Test("is that of parameter quota, and none with 'none'")
  func parameter() throws {
    #expect(try quota(gibibyte, parameter: "4Gi") == UInt64(4 * gibibyte))
    #expect(try quota(gibibyte, parameter: "none") == nil)
    #expect(try quota(gibibyte, parameter: "request") == UInt64(gibibyte))
  }

  @Test(
    "[Error] parameter quota contradicts the request",
    arguments: [(gibibyte, 0, "1Mi"), (0, gibibyte, "4Gi"), (0, gibibyte, "none")] as [(Int64, Int64, String)])
  func contradiction(required: Int64, limit: Int64, parameter: String) {
    let error = #expect(throws: RPCError.self) { try quota(required, limit, parameter: parameter) }
    #expect(error?.code == .outOfRange)
  }

  @Test(
    "[Error] the range holds no size",
    arguments: [(2, 1), (-1, 0), (0, -1), (.min, .max), (.max, 1)] as [(Int64, Int64)])
  func impossible(required: Int64, limit: Int64) {
    let error = #expect(throws: RPCError.self) { try quota(required, limit) }
    #expect(error?.code == .invalidArgument)
  }

  @Test("may be as large as the field can say")
  func largest() throws {
    #expect(try quota(.max) == UInt64(Int64.max))
  }
}
