import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support

/// Foresees the losses of applying a plan, before it is applied.
public struct LossForecast: Sendable {
  let client: KubernetesClient
  private let contents: StoreContents
  private let log: Logger

  public init(client: KubernetesClient, log: Logger) {
    self.client = client
    self.log = log
    contents = StoreContents(client: client, log: log)
  }

  /// The consequences of applying a plan.
  public struct Forecast: Sendable {
    public var losses: [Loss] = []
    /// Reason why the stores will not find room on enough nodes; nil when they do, or when nobody can tell.
    public var shortage: ProgramError?

    /// The first loss that is, or may be, one.
    public var gravest: Loss? { losses.first { !$0.isCertainlyNothing } }

    /// A line for each loss, a warning unless nothing is lost.
    public var notes: [Note] { losses.map { Note($0.isCertainlyNothing ? .action : .warning, $0.text) } }
  }

  /// Everything that a plan takes away, and whether there is room for its stores.
  ///
  /// - Throws: as every call of `KubernetesClient`.
  public func forecast(_ plan: Plan) async throws -> Forecast {
    var forecast = Forecast()
    for cluster in try await clusters(of: plan) {
      let isReplaced = try await isReplaced(cluster)
      if let loss = try await loss(of: cluster, isReplaced: isReplaced) { forecast.losses.append(loss) }
      let grows = cluster.live.map { cluster.replicas > $0.replicas ?? 0 } ?? true
      if forecast.shortage == nil, cluster.isOwn, !cluster.isMemoryOpen, isReplaced || grows {
        forecast.shortage = try await StoreRoom(client: client).shortage(cluster.planned)?.error
      }
    }
    for driver in plan.objects where driver.reference.type == .csiDriver {
      if let loss = try await droppedClasses(driver) { forecast.losses.append(loss) }
    }
    return forecast
  }

  private func loss(of cluster: Cluster, isReplaced: Bool) async throws -> Loss? {
    let title = "\(cluster.namespace)/\(cluster.name)"
    let wanted = cluster.replicas
    let present = cluster.live?.replicas ?? 0
    guard isReplaced || wanted < present else { return nil }
    let stores = try await contents.read(namespace: cluster.namespace, name: cluster.name)
    guard !stores.isEmpty else { return nil }
    if isReplaced {
      return Self.loss("the stores of \(title) are replaced one by one", stores)
    }
    // The cheapest go, as Kubernetes chooses among pods that are ready.
    let going = stores.sorted { $0.deletionCost < $1.deletionCost }.prefix(max(0, stores.count - wanted))
    guard !going.isEmpty else { return nil }
    var loss = Self.loss("scaling \(title) from \(present) to \(wanted) takes stores away", Array(going))
    // Nobody else gives them one.
    if cluster.manager == FieldManager.vineyardctl { loss.costs = stores.costs(in: cluster.namespace) }
    return loss
  }

  private static func loss(_ event: String, _ stores: [StoreContent]) -> Loss {
    var loss = Loss(event: event, stores: stores)
    loss.uses = Array(Set(stores.flatMap(\.uses))).sorted { ($0.kind, $0.name) < ($1.kind, $1.name) }
    loss.isCertainlyNothing = stores.allSatisfy(\.isEmpty)
    return loss
  }

  /// Whether the pods of the stores get another template.
  private func isReplaced(_ cluster: Cluster) async throws -> Bool {
    guard let live = cluster.live else { return false }
    let template = { (object: KubernetesObject) in object.tree["spec", "template"] }
    if let before = cluster.before { return template(before) != template(cluster.planned) }
    do {
      let result = try await client.rehearse(cluster.planned, as: cluster.manager)
      return template(result) != template(live)
    } catch let error as KubernetesError
      where error.httpStatus == 422 && FieldHandover.patch(for: live, to: cluster.manager) != nil
    {
      // The original's fields beside ours make no sense; without them it is another pod.
      return true
    } catch let error as KubernetesError {
      // Applying for good will say it in full.
      log.debug("what becomes of \(live.reference) cannot be foreseen: \(error)")
      return false
    }
  }

  func resources(_ type: ObjectType = .vineyardd) async throws -> [KubernetesObject] {
    guard try await client.resource(for: type) != nil else { return [] }
    do {
      return try await client.list(type).items
    } catch let error as KubernetesError where error.isForbidden {
      return []
    }
  }

  /// nil also for what is on its way out.
  func present(_ reference: ObjectReference) async throws -> KubernetesObject? {
    guard let live = try await client.get(reference), !live.isBeingDeleted else { return nil }
    return live
  }
}

extension LossForecast {
  /// Classes of a driver that go because their clusters are no longer named.
  func droppedClasses(_ planned: KubernetesObject) async throws -> Loss? {
    guard let live = try await present(planned.reference) else { return nil }
    let others = try await resources(.csiDriver).filter { $0.name != planned.name && !$0.isBeingDeleted }
    let kept = Set(([planned] + others).flatMap { Self.classes(of: $0) })
    let dropped = Self.classes(of: live).filter { !kept.contains($0) }
    guard !dropped.isEmpty else { return nil }
    let isOne = dropped.count == 1
    var loss = Loss(
      event: "the storage \(isOne ? "class" : "classes") \(dropped.joined(separator: ", ")) \(isOne ? "goes" : "go")")
    loss.isDropOfClasses = true
    loss.uses = try await VolumeUses(client: client, scope: .clusters([], classes: Set(dropped))).find().uses
    return loss
  }

  private static func classes(of driver: KubernetesObject) -> [String] {
    guard let spec = try? CSIDriverSpec(customResource: driver) else { return [] }
    return spec.clusters.map(\.storageClassName) + (spec.storageClassName.map { [$0] } ?? [])
  }
}

/// Something that a deployment takes away.
public struct Loss: Sendable, Equatable {
  /// The event, as people read it: `the stores of team/cache are replaced one by one`.
  public let event: String
  /// Stores whose content goes.
  public var stores: [StoreContent] = []
  /// Claims, pods and volumes that lose something.
  public var uses: [VolumeUse] = []
  /// Whether it is known that nothing is lost.
  public var isCertainlyNothing = false
  /// The deletion cost of each pod, where Kubernetes chooses which ones go and no operator sets it.
  public var costs: [ObjectReference: Int] = [:]

  /// Whether classes go and no store does: claims that are bound stay bound, new ones find no class.
  var isDropOfClasses = false

  /// One sentence without a full stop: what happens and what goes.
  public var text: String {
    var parts: [String] = []
    if !stores.isEmpty { parts.append(stores.map(\.text).shortList) }
    if let phrase = uses.phrase { parts.append(phrase) }
    if isDropOfClasses {
      let bound = parts.isEmpty ? "" : "; bound through it: \(parts.joined(separator: "; "))"
      return "\(event), and new claims find none\(bound)"
    }
    if isCertainlyNothing { return "\(event): \(parts.isEmpty ? "nothing" : parts.joined(separator: "; ")) is lost" }
    return "\(event), and what they hold is lost: \(parts.joined(separator: "; "))"
  }
}

extension LossForecast {
  /// The stores of one cluster as they are to be.
  struct Cluster {
    let namespace: String
    let name: String
    /// The Deployment as the plan, or the operator of the plan, renders it.
    let planned: KubernetesObject
    /// The same as the present resource is rendered; nil where only the live Deployment can be compared with.
    let before: KubernetesObject?
    /// nil before the first deployment.
    let live: KubernetesObject?
    let manager: String
    /// Whether the plan is about this cluster, and not only about the operator that runs it.
    let isOwn: Bool

    var replicas: Int { planned.replicas ?? 0 }

    /// Whether the operator has yet to decide how much memory the stores get.
    var isMemoryOpen: Bool {
      manager != FieldManager.vineyardctl && planned.annotations[Manifests.assumedMemoryAnnotation] != nil
        && live?.annotations[Manifests.assumedMemoryAnnotation] == nil
    }
  }

  /// The clusters that a plan changes: its own, and with a new operator everybody's.
  func clusters(of plan: Plan) async throws -> [Cluster] {
    let bringsOperator = plan.objects.contains { $0.labels["k8s.v6d.io/instance"] == "vineyard-operator" }
    var planned = plan.objects.filter { $0.reference.type == .vineyardd }
    let own = Set(planned.map(\.reference))
    if bringsOperator {
      planned += try await resources().filter { !own.contains($0.reference) && !$0.isBeingDeleted }
    }
    var clusters: [Cluster] = []
    for resource in planned {
      guard
        let cluster = try await cluster(
          of: resource, isRenderedAnew: bringsOperator, isOwn: own.contains(resource.reference))
      else { continue }
      clusters.append(cluster)
    }
    for deployment in plan.objects where deployment.reference.type == .deployment && Self.isStore(deployment) {
      guard let namespace = deployment.namespace else { continue }
      clusters.append(
        Cluster(
          namespace: namespace, name: deployment.name, planned: deployment, before: nil,
          live: try await present(deployment.reference), manager: FieldManager.vineyardctl, isOwn: true))
    }
    return clusters
  }

  private func cluster(
    of resource: KubernetesObject, isRenderedAnew: Bool, isOwn: Bool
  ) async throws -> Cluster? {
    guard let namespace = resource.namespace else { return nil }
    let existing = try await present(resource.reference)
    let live = try await present(ObjectReference(type: .deployment, namespace: namespace, name: resource.name))
    guard let planned = Self.stores(resource, uid: existing?.uid, live) else { return nil }
    // An operator that stays renders both as it always did, whatever this release would make of them.
    let before = isRenderedAnew ? nil : existing.flatMap { Self.stores($0, uid: $0.uid, live) }
    return Cluster(
      namespace: namespace, name: resource.name, planned: planned, before: before, live: live,
      manager: FieldManager.vineyardOperator, isOwn: isOwn)
  }

  /// The Deployment that the operator makes of a resource.
  ///
  /// - Parameter live: whose memory the stores keep when the resource does not say how much they get.
  private static func stores(
    _ resource: KubernetesObject, uid: String?, _ live: KubernetesObject?
  ) -> KubernetesObject? {
    guard var spec = try? VineyarddSpec(customResource: resource) else { return nil }
    spec.store.assumedMemory = live?.annotations[Manifests.assumedMemoryAnnotation]
    spec.keepMetadata(of: live)
    spec.keepPeerTLS(of: live)
    let objects = try? Manifests.vineyardd(spec, uid: uid, controlledByOperator: false)
    return objects?.first { $0.reference.type == .deployment }
  }

  private static func isStore(_ deployment: KubernetesObject) -> Bool {
    Workload(deployment).podLabels["app.vineyard.io/role"] == "vineyardd"
  }
}
