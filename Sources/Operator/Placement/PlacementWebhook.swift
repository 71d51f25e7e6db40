import ClusterInventory
import HTTPEndpoint
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support
import Synchronization

/// Directs new pods to the nodes that hold most of their volumes' bytes, where the scheduler has a choice.
///
/// Every replica answers, from memory alone: claims and volumes are followed with watches, and stores are asked for their
/// bytes every few seconds, as long as there are volumes that can be used on several nodes.
final class PlacementWebhook: Sendable {
  /// The path at which pods are reviewed.
  static let path = "/mutate-v1-pod"

  /// Pause between two looks at the stores: a pod often comes seconds after the one that wrote its data has ended.
  private static let interval: Duration = .seconds(5)
  /// Looking takes no more than this part of the time.
  private static let share = 20

  private let client: KubernetesClient
  private let log: Logger
  private let claims = Informer(.persistentVolumeClaim, view: PlacementWebhook.claim)
  private let volumes = Informer(.persistentVolume, view: PlacementWebhook.volume)
  private let stores = Informer(.pod, labels: StoreLabelKeeper.storeSelector)
  private let bytes = Mutex<VolumeBytesReader.Bytes>([:])

  init(client: KubernetesClient, log: Logger) {
    self.client = client
    self.log = log
  }

  /// The part of a claim that leads to its volume; nil for one that has none yet.
  private static let claim: Informer.View = { claim in
    guard let volume = claim.volumeName else { return nil }
    var view = claim
    view.tree["metadata", "annotations"] = nil
    view.tree["spec"] = ["volumeName": .string(volume)]
    view.tree["status"] = nil
    return view
  }

  /// The part of a volume that names it to the stores; nil for volumes of others, and for those of one node.
  private static let volume: Informer.View = { volume in
    guard let source = volume.tree["spec", "csi"], source["driver"]?.string == DriverVolume.driver,
      let handle = source["volumeHandle"], DriverVolume.isOnAllNodes(volume)
    else { return nil }
    var view = volume
    view.tree["metadata", "annotations"] = nil
    view.tree["spec"] = ["csi": ["volumeHandle": handle]]
    view.tree["status"] = nil
    return view
  }

  /// Follows what reviews need to know until the task is cancelled.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for informer in [claims, volumes, stores] {
        group.addTask { [client, log] in try await informer.run(client, log: log) { _ in } }
      }
      group.addTask { try await self.poll() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func poll() async throws {
    let reader = VolumeBytesReader(client: client, log: log)
    while true {
      let start = ContinuousClock.now
      // Without such volumes the stores are left alone.
      let found = volumes.keys.isEmpty ? [:] : await reader.read(stores.all)
      bytes.withLock { $0 = found }
      try await Task.sleep(for: max(Self.interval, (.now - start) * Self.share))
    }
  }

  /// The response to a review, and its result as metrics label it.
  func respond(to request: HTTPEndpoint.Request) -> (HTTPEndpoint.Response, String) {
    guard request.method == "POST" else { return (.init(status: 405, "only POST is answered here\n"), "malformed") }
    do throws(AdmissionRequest.Malformed) {
      let review = try AdmissionRequest(request.body)
      let verdict = verdict(on: review)
      let response = HTTPEndpoint.Response(
        verdict.review(uid: review.uid).json, contentType: HTTPEndpoint.Response.json)
      return (response, verdict.patch.isEmpty ? "allowed" : "placed")
    } catch {
      return (.init(status: 400, "\(error.reason)\n"), "malformed")
    }
  }

  private func verdict(on request: AdmissionRequest) -> AdmissionVerdict {
    guard request.operation == "CREATE", let pod = request.object, pod.reference.type == .pod else { return .allowed }
    let namespace = pod.namespace ?? request.namespace
    let names = Pod(pod).claims + Pod(pod).ephemeralVolumes.map { "\(pod.name)-\($0)" }
    let handles = Set(names.compactMap { handle(ofClaim: $0, in: namespace) })
    let held = bytes.withLock { bytes in handles.compactMap { bytes[$0] } }
    let byNode = held.reduce(into: [String: UInt64]()) { sums, nodes in
      sums.merge(nodes) { $0.addingReportingOverflow($1).partialValue }
    }
    return AdmissionVerdict(patch: PlacementHints.patch(pod, PlacementHints.terms(byNode)))
  }

  /// The handle of the volume that a claim is bound to; nil for one that is unbound, and for volumes of others.
  private func handle(ofClaim name: String, in namespace: String) -> String? {
    guard let volume = claims[ObjectKey(namespace: namespace, name: name)]?.volumeName else { return nil }
    return volumes[ObjectKey(name: volume)]?.tree["spec", "csi", "volumeHandle"]?.string
  }
}
