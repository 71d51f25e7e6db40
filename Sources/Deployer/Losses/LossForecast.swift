import ClusterInventory
import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Says what applying a plan takes away, before it is applied.
public struct LossForecast: Sendable {
  let client: KubernetesClient
  private let contents: StoreContents
  private let log: Log

  public init(client: KubernetesClient, log: Log) {
    self.client = client
    self.log = log
    contents = StoreContents(client: client, log: log)
  }

  /// What is to be known before a plan is applied.
  public struct Forecast: Sendable {
    public var losses: [Loss] = []
    /// Why the stores will not find room on enough nodes; nil when they do, or when nobody can tell.
    public var shortage: CommandError?

    /// The first loss that is, or may be, one.
    public var gravest: Loss? { losses.first { !$0.isCertainlyNothing } }

    /// Tells each loss, as a warning unless nothing is lost.
    public func tell(_ story: Story) {
      for loss in losses { story.tell(loss.isCertainlyNothing ? .action : .warning, loss.text) }
    }
  }

  /// Everything that a plan takes away, and whether there is room for what it brings.
  public func forecast(_ plan: Plan) async throws -> Forecast {
    var forecast = Forecast()
    for cluster in try await clusters(of: plan) {
      let isReplaced = try await isReplaced(cluster)
      if let loss = try await loss(of: cluster, isReplaced: isReplaced) { forecast.losses.append(loss) }
      let grows = cluster.live.map { cluster.replicas > $0.replicas ?? 0 } ?? true
      if forecast.shortage == nil, cluster.isOwn, isReplaced || grows {
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
