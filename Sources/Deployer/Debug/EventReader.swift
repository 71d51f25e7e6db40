import ClusterInventory
import KubernetesClient
import KubernetesObjects

/// Reads events about an installation: all of its namespace, and those about claims and pods that use volumes of ours.
public struct EventReader: Sendable {
  private let client: KubernetesClient
  private let namespace: String

  public init(client: KubernetesClient, namespace: String) {
    self.client = client
    self.namespace = namespace
  }

  /// The events, the newest last, and a line for each kind that may not be listed.
  ///
  /// - Throws: as every call of `KubernetesClient`, for instance without the right to see events of the namespace.
  public func read() async throws -> (events: [Event], unseen: [String]) {
    let own = try await client.list(.event, namespace: namespace).items
    var unseen: [String] = []
    var users: [KubernetesObject] = []
    do {
      let concerned = try await concerned()
      users = try await client.list(.event).items.filter { event in
        event.namespace != namespace && Self.isAbout(concerned, Event(event))
      }
    } catch let error as KubernetesError where error.isForbidden {
      unseen.append("events of other namespaces: no permission to \(error.operation.verb) \(error.operation.object)")
    }
    return ((own + users).map { Event($0) }.sorted { $0.time < $1.time }, unseen)
  }

  /// Claims of ours and the pods that name them, as `namespace/name`.
  private func concerned() async throws -> (claims: Set<String>, pods: Set<String>) {
    async let claimList = client.list(.persistentVolumeClaim).items
    async let classList = client.list(.storageClass).items
    async let podList = client.list(.pod).items
    let (claims, classes, pods) = try await (claimList, classList, podList)
    let ours = Set(classes.filter { $0.provisioner == DriverVolume.driver }.map(\.name))
    let names = Set(
      claims.filter { ours.contains($0.storageClassName ?? "") }.map { "\($0.namespace ?? "")/\($0.name)" })
    let users = pods.filter { pod in
      let namespace = pod.namespace ?? ""
      return Pod(pod).claims.contains { names.contains("\(namespace)/\($0)") }
        || !Pod(pod).inlineVolumes(of: DriverVolume.driver).isEmpty
    }
    return (names, Set(users.map { "\($0.namespace ?? "")/\($0.name)" }))
  }

  private static func isAbout(_ concerned: (claims: Set<String>, pods: Set<String>), _ event: Event) -> Bool {
    let place = "\(event.subjectNamespace)/\(event.subjectName)"
    return switch event.subjectKind {
    case "PersistentVolumeClaim": concerned.claims.contains(place)
    case "Pod": concerned.pods.contains(place)
    default: false
    }
  }
}
