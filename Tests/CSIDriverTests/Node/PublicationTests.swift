import CSIProtocol
import GRPCCore
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("NodePublishVolume")
struct PublicationTests {
  typealias Request = Csi_V1_NodePublishVolumeRequest
  typealias Mode = Csi_V1_VolumeCapability.AccessMode.Mode

  private static let valid = Request.with {
    $0.volumeID = "ns/c/pvc-1"
    $0.targetPath = "/pods/1/mount"
    $0.volumeCapability = .with {
      $0.mount = .init()
      $0.accessMode.mode = .singleNodeWriter
    }
    $0.volumeContext = VolumeParametersTests.cluster
  }

  private static func changed(_ change: (inout Request) -> Void) -> Request {
    var request = valid
    change(&request)
    return request
  }

  @Test("is for writing, by many, unless something says otherwise")
  func valid() throws {
    let publication = try Publication(Self.valid)
    #expect(publication.handle.name == "pvc-1")
    #expect(publication.target.path == "/pods/1/mount")
    #expect(!publication.isReadOnly && !publication.isExclusive)
  }

  @Test(
    "[Error]",
    arguments: [
      ("volume_id is missing", changed { $0.volumeID = "" }, .invalidArgument),
      ("target_path is missing", changed { $0.targetPath = "" }, .invalidArgument),
      ("target_path 'pods/1' is not absolute", changed { $0.targetPath = "pods/1" }, .invalidArgument),
      ("target_path '/pods/../etc' has a part", changed { $0.targetPath = "/pods/../etc" }, .invalidArgument),
      ("volume_capability is missing", changed { $0.clearVolumeCapability() }, .invalidArgument),
      ("the access type is missing", changed { $0.volumeCapability.accessType = nil }, .invalidArgument),
      ("no block device", changed { $0.volumeCapability.block = .init() }, .invalidArgument),
      ("the access mode is missing", changed { $0.volumeCapability.clearAccessMode() }, .invalidArgument),
      ("mount option 'hard'", changed { $0.volumeCapability.mount.mountFlags = ["ro", "hard"] }, .invalidArgument),
      ("no volume can have the id", changed { $0.volumeID = "a/b" }, .notFound),
      ("its context says ns/c", changed { $0.volumeID = "ns/d/pvc-1" }, .invalidArgument),
      (
        "DNS-1123", changed { $0.volumeContext["k8s.v6d.io/vineyard/name"] = "../../etc" }, .invalidArgument
      ),
      ("unknown parameter 'scop'", changed { $0.volumeContext["scop"] = "volume" }, .invalidArgument),
    ] as [(String, Request, RPCError.Code)])
  func invalid(message: String, request: Request, code: RPCError.Code) {
    let error = #expect(throws: RPCError.self) { try Publication(request) }
    #expect(error?.code == code)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(
    "is for reading when the request, the access mode or a mount option says so",
    arguments: [
      (changed { $0.readonly = true }, true),
      (changed { $0.volumeCapability.accessMode.mode = .singleNodeReaderOnly }, true),
      (changed { $0.volumeCapability.accessMode.mode = .multiNodeReaderOnly }, true),
      (changed { $0.volumeCapability.mount.mountFlags = ["ro"] }, true),
      (changed { $0.volumeCapability.mount.mountFlags = ["rw", "noatime"] }, false),
      (changed { $0.volumeCapability.accessMode.mode = .multiNodeMultiWriter }, false),
    ])
  func readOnly(request: Request, expected: Bool) throws { #expect(try Publication(request).isReadOnly == expected) }

  @Test(
    "is for one path only when the claim is for one pod only",
    arguments: [
      (.singleNodeSingleWriter, true), (.singleNodeMultiWriter, false), (.singleNodeWriter, false),
      (.multiNodeMultiWriter, false),
    ] as [(Mode, Bool)])
  func exclusive(mode: Mode, expected: Bool) throws {
    let request = Self.changed { $0.volumeCapability.accessMode.mode = mode }
    #expect(try Publication(request).isExclusive == expected)
  }

  @Test("takes a group for the volume, whose sockets are everybody's")
  func mountGroup() throws {
    _ = try Publication(Self.changed { $0.volumeCapability.mount.volumeMountGroup = "2000" })
  }
}
