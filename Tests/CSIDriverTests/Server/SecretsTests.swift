import CSIProtocol
import SwiftProtobuf
import Testing

@testable import CSIDriver

@Suite("What the log shows of a request")
struct SecretsTests {
  @Test("leaves out secrets and tokens, and nothing else")
  func publish() {
    let request = Csi_V1_NodePublishVolumeRequest.with {
      $0.volumeID = "v1"
      $0.secrets = ["password": "hunter2"]
      $0.volumeContext = ["csi.storage.k8s.io/serviceAccount.tokens": "eyJ", "scope": "volume"]
    }
    let text = request.withoutSecrets.textFormatString()
    #expect(!text.contains("hunter2") && !text.contains("eyJ"))
    #expect(text.contains("v1") && text.contains("scope") && text.contains("password"))
    #expect(request.secrets["password"] == "hunter2")
  }

  @Test("covers every request with a field for secrets")
  func everyRequest() {
    let requests: [any Message] = [
      Csi_V1_CreateVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_DeleteVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_ControllerPublishVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_ControllerUnpublishVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_ValidateVolumeCapabilitiesRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_ControllerModifyVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_CreateSnapshotRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_DeleteSnapshotRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_ListSnapshotsRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_GetSnapshotRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_ControllerExpandVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_NodeStageVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_NodePublishVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
      Csi_V1_NodeExpandVolumeRequest.with { $0.secrets = ["k": "hunter2"] },
    ]
    for request in requests {
      #expect(request.textFormatString().contains("hunter2"))
      #expect(!request.withoutSecrets.textFormatString().contains("hunter2"))
    }
  }
}
