import ArgumentParser
import ClusterInventory
import Deployer
import KubernetesObjects
import Manifests

extension VineyardClusterTarget: DeletionTarget {
  static let deletionExample = "--timeout 10m"
  static let deletionDiscussion = """
    Goes backwards: CSI drivers that serve only this cluster, the cluster, the operator, the definitions, and the \
    namespace if --create-namespace made it and nothing else is in it. The operator and the definitions stay while \
    another cluster or driver needs them.
    """

  static func request(_ selection: ClusterSelection, _ removal: Removal) async throws -> Removal.Request {
    let (name, namespace) = (selection.name, removal.arguments.namespace)
    let live = try await LiveResources.read(removal.client, namespace: namespace)
    try removal.requireKnown("vineyard cluster", name, in: namespace, among: live.clusters)
    let drivers = live.driversServingOnly("\(namespace)/\(name)")
    let own = drivers + [VineyarddTarget.resource(name, in: namespace)]
    var request = try await Removal.Request(title: "vineyard cluster \(namespace)/\(name)", objects: own)
      .ofCluster(name, removal)
    if !drivers.isEmpty {
      request.objects = live.sidecarLeases(in: namespace, withoutDrivers: Set(drivers.map(\.name))) + request.objects
      request.takesDriver = true
      request.parts += drivers.map { "\($0.reference)" }
    }
    let remaining = live.remaining(without: own)
    if let first = remaining.first {
      try await removal.requireDispensable(for: remaining)
      request.notes.append(Note(.action, "the operator stays: \(first.reference) needs it"))
    } else {
      try await removal.requireOperatorHere()
      request.objects = try OperatorTarget.allObjects(in: namespace) + request.objects
      request.parts.append("the operator")
    }
    return request
  }
}

extension VineyarddTarget: DeletionTarget {
  static let deletionExample = "--name second"
  static func request(_ selection: ClusterSelection, _ removal: Removal) async throws -> Removal.Request {
    let (name, namespace) = (selection.name, removal.arguments.namespace)
    let live = try await LiveResources.read(removal.client, namespace: namespace)
    try removal.requireKnown("vineyardd", name, in: namespace, among: live.clusters)
    let own = resource(name, in: namespace)
    try await removal.requireDispensable(for: live.remaining(without: [own]))
    return try await Removal.Request(title: "vineyardd \(namespace)/\(name)", objects: [own]).ofCluster(name, removal)
  }
}

extension VineyardDeploymentTarget: DeletionTarget {
  static let deletionExample = "--name second"
  static let deletionDiscussion = "Finds everything by its label, whatever flags it was deployed with."

  static func request(_ selection: ClusterSelection, _ removal: Removal) async throws -> Removal.Request {
    let (name, namespace, client) = (selection.name, removal.arguments.namespace, removal.client)
    let objects = try await LabelledObjects(client: client, namespace: namespace, name: name).all()
    if objects.isEmpty {
      let others = try await LabelledObjects.plainClusters(client, in: namespace)
      try removal.requireKnown("vineyard deployment", name, in: namespace, among: others)
    }
    var request = Removal.Request(title: "vineyard deployment \(namespace)/\(name)", objects: objects)
    request.volumes = try await removal.volumes(ofCluster: "\(namespace)/\(name)")
    request.parts = [Removal.Request.stores]
    return request
  }
}

extension OperatorTarget: DeletionTarget {
  static let deletionExample = "--namespace vineyard-system"
  static let deletionDiscussion = """
    Clusters and drivers go on running without it, and nobody repairs or changes them; while there are any, it takes \
    an answer, --yes or --force. The definitions stay as long as there are resources of them.
    """

  static func request(_ selection: NoSelection, _ removal: Removal) async throws -> Removal.Request {
    let namespace = removal.arguments.namespace
    try await removal.requireOperatorHere()
    var request = Removal.Request(
      title: "vineyard operator in \(namespace)", objects: try OperatorTarget.allObjects(in: namespace))
    if try await OperatorPresence(client: removal.client).isIn(namespace) {
      let live = try await LiveResources.read(removal.client, namespace: namespace)
      request.reliance = reliance(of: live.remaining(without: []))
    }
    return request
  }

  /// A sentence about the resources that nobody looks after without the operator; nil when there are none.
  private static func reliance(of resources: [KubernetesObject]) -> String? {
    guard let first = resources.first else { return nil }
    guard resources.count > 1 else { return "\(first.reference) relies on it" }
    return "\(first.reference) and \(resources.count - 1) more rely on it"
  }
}

extension CSIDriverTarget: DeletionTarget {
  static let deletionExample = "--name csidriver-sample"
  static func request(_ selection: DriverSelection, _ removal: Removal) async throws -> Removal.Request {
    let (name, namespace) = (selection.name, removal.arguments.namespace)
    let live = try await LiveResources.read(removal.client, namespace: namespace)
    try removal.requireKnown("csidriver", name, in: nil, among: live.drivers)
    let leases = live.sidecarLeases(in: namespace, withoutDrivers: [name])
    var request = Removal.Request(title: "csidriver \(name)", objects: leases + [resource(name)])
    request.volumes = try await removal.volumes(ofDriver: name, live)
    request.takesDriver = true
    request.mayEmptyNamespace = false
    return request
  }
}

extension Removal.Request {
  static let stores = "its stores with all their data"

  /// The request with the objects that outlive the resource of a cluster, and its stores among the parts.
  fileprivate func ofCluster(_ name: String, _ removal: Removal) async throws -> Removal.Request {
    let namespace = removal.arguments.namespace
    var request = self
    let leftBehind = LabelledObjects(client: removal.client, namespace: namespace, name: name)
    request.objects = try await leftBehind.leftBehind() + objects
    request.volumes = try await removal.volumes(ofCluster: "\(namespace)/\(name)")
    request.parts = [Self.stores]
    return request
  }
}
