import CSIProtocol
import SwiftProtobuf

/// A request that may carry secrets.
protocol CarriesSecrets: Message {
  var secrets: [String: String] { get set }
}

extension Csi_V1_CreateVolumeRequest: CarriesSecrets {}
extension Csi_V1_DeleteVolumeRequest: CarriesSecrets {}
extension Csi_V1_ControllerPublishVolumeRequest: CarriesSecrets {}
extension Csi_V1_ControllerUnpublishVolumeRequest: CarriesSecrets {}
extension Csi_V1_ValidateVolumeCapabilitiesRequest: CarriesSecrets {}
extension Csi_V1_ControllerModifyVolumeRequest: CarriesSecrets {}
extension Csi_V1_CreateSnapshotRequest: CarriesSecrets {}
extension Csi_V1_DeleteSnapshotRequest: CarriesSecrets {}
extension Csi_V1_ListSnapshotsRequest: CarriesSecrets {}
extension Csi_V1_GetSnapshotRequest: CarriesSecrets {}
extension Csi_V1_ControllerExpandVolumeRequest: CarriesSecrets {}
extension Csi_V1_NodeStageVolumeRequest: CarriesSecrets {}
extension Csi_V1_NodePublishVolumeRequest: CarriesSecrets {}
extension Csi_V1_NodeExpandVolumeRequest: CarriesSecrets {}

/// A request whose volume context may carry tokens of a service account.
protocol CarriesContext: Message {
  var volumeContext: [String: String] { get set }
}

extension Csi_V1_NodeStageVolumeRequest: CarriesContext {}
extension Csi_V1_NodePublishVolumeRequest: CarriesContext {}

extension Message {
  /// The message with every secret value replaced.
  ///
  /// Source: CSI specification, "Secrets Requirements": they must not be logged; the context key is the kubelet's.
  var withoutSecrets: any Message {
    var copy: any Message = self
    if var request = copy as? any CarriesSecrets {
      request.secrets = request.secrets.mapValues { _ in "***" }
      copy = request
    }
    if var request = copy as? any CarriesContext {
      let key = "csi.storage.k8s.io/serviceAccount.tokens"
      if request.volumeContext[key] != nil { request.volumeContext[key] = "***" }
      copy = request
    }
    return copy
  }
}
