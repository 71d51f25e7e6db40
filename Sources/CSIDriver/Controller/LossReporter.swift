import KubernetesClient
import KubernetesObjects
import Logging
import StoreClient
import StoreProtocol
import Support
import Synchronization

/// Tells the claims of volumes when a restart of their store has taken their contents: an event on each.
///
/// Every replica of the controller does this. An event's name is made of the volume and the time of the loss, so it is
/// there once.
final class LossReporter: Sendable {
  private static let interval: Duration = .seconds(15)
  /// Milliseconds after which a loss is no longer told: the API server keeps an event of it for an hour.
  private static let lifetime: Int64 = 3600 * 1000

  /// One loss of one volume.
  private struct Loss: Hashable {
    let volume: String
    let time: UInt64
  }

  private let stores: any StoreDirectory
  private let gateway: StoreGateway
  private let client: KubernetesClient
  private let log: Logger
  private let told = Mutex<Set<Loss>>([])

  init(stores: any StoreDirectory, gateway: StoreGateway, client: KubernetesClient, log: Logger) {
    self.stores = stores
    self.gateway = gateway
    self.client = client
    self.log = log
  }

  /// Looks from time to time, until its task is cancelled.
  func run() async {
    while !Task.isCancelled {
      await report()
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// Looks once.
  func report() async {
    // Who cannot be asked now is asked the next time.
    guard let endpoints = try? await stores.stores(of: nil) else { return }
    let replies = await gateway.askAll(endpoints.filter(\.isReady)) { client throws(StoreClientError) in
      try client.list().volumes
    }
    let oldest = UInt64(clamping: Timestamp.now().milliseconds - Self.lifetime)
    var known: Set<Loss> = []
    for (store, volumes) in replies.answers {
      for volume in volumes {
        guard let time = volume.lostContentsAt, time > oldest else { continue }
        let loss = Loss(volume: "\(store.cluster)/\(volume.id)", time: time)
        let isTold = told.withLock { $0.contains(loss) }
        if isTold { known.insert(loss) } else if await tell(loss, volume, store) { known.insert(loss) }
      }
    }
    let isComplete = replies.failures.isEmpty
    told.withLock { $0 = isComplete ? known : $0.union(known) }
  }

  /// - Returns: false when it has to be tried again.
  private func tell(_ loss: Loss, _ volume: VolumeRecord, _ store: StoreEndpoint) async -> Bool {
    guard let namespace = volume.attributes["csi.storage.k8s.io/pvc/namespace"],
      let name = volume.attributes["csi.storage.k8s.io/pvc/name"]
    else { return true }
    let reference = ObjectReference(
      type: .persistentVolumeClaim, namespace: namespace, name: name)
    do {
      guard let claim = try await client.get(reference), let uid = claim.uid,
        claim.volumeName == volume.attributes["csi.storage.k8s.io/pv/name"]
      else { return true }
      _ = try await client.create(Self.event(loss, on: reference, uid, store))
      log.info("\(reference): told that the contents of volume '\(loss.volume)' are lost")
      return true
    } catch let error as KubernetesError where error.isAlreadyExists {
      return true
    } catch {
      log.warning("\(reference) cannot be told that its contents are lost: \("\(error)".onOneLine)")
      return false
    }
  }

  private static func event(
    _ loss: Loss, on claim: ObjectReference, _ uid: String, _ store: StoreEndpoint
  ) -> KubernetesObject {
    let time = Timestamp(milliseconds: Int64(clamping: loss.time)).time
    let namespace = claim.namespace ?? "default"
    let component: Value = .string(IdentityService.driverName)
    let name = "\(claim.name.prefix(200)).\(StableHash.hex("\(loss.volume) \(loss.time)").prefix(16))"
    return KubernetesObject([
      "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string(name), "namespace": .string(namespace)],
      "involvedObject": [
        "apiVersion": "v1", "kind": .string(claim.type.kind), "namespace": .string(namespace),
        "name": .string(claim.name), "uid": .string(uid),
      ],
      "type": "Warning", "reason": "ContentsLost",
      "message": .string(
        "the store on node \(store.node) was restarted at \(time), and what had been written to this volume "
          + "before is lost: run the steps that write it again"),
      "source": ["component": component], "reportingComponent": component, "reportingInstance": "", "count": 1,
      "firstTimestamp": .string(time), "lastTimestamp": .string(time),
    ])
  }
}
