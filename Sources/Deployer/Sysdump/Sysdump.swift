import ClusterInventory
import Coordination
import Inspection
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import StoreProtocol
import Support

/// Gathers what somebody needs who is asked for help: resources, events, logs, metrics, states of stores, mounts.
///
/// Secrets are never read, and nothing of what is in objects is: only how many there are, and how large volumes are.
public struct Sysdump: Sendable {
  /// Name of the file that `status -f` reads.
  public static let statusFile = "status.json"

  private let client: KubernetesClient
  private let namespace: String
  private let log: Logger
  private let look: ChainWalk.Look
  /// Lines of each log.
  private let lines: Int
  private var archive: TarArchive
  /// Lines about what is not in it, and why.
  public private(set) var missing: [String] = []

  public init(
    client: KubernetesClient, namespace: String, lines: Int, log: Logger, at time: Timestamp,
    look: @escaping ChainWalk.Look
  ) {
    self.client = client
    self.namespace = namespace
    self.lines = lines
    self.log = log
    self.look = look
    archive = TarArchive(time: time)
    add(
      "sysdump.json",
      ["program": .string(Version.product), "namespace": .string(namespace), "time": .string("\(time)")])
  }

  private mutating func add(_ name: String, _ value: Value) {
    archive.add(name, Array(value.indentedJSON.utf8))
  }
  private mutating func add(_ name: String, text: String) { archive.add(name, Array(text.utf8)) }

  /// Gathers everything; what cannot be had is named.
  ///
  /// - Returns: the archive.
  /// - Throws: `CancellationError`; `ProgramError` when not even the status can be read.
  public mutating func gather(_ report: (String) -> Void) async throws -> [UInt8] {
    report("status")
    let status = try await StatusReader(client: client, namespace: namespace, log: log).read()
    add(Self.statusFile, status.value)
    report("resources")
    try await addResources()
    report("events")
    try await attempt("events") { (dump) in
      let (events, unseen) = try await EventReader(client: dump.client, namespace: dump.namespace).read()
      dump.missing += unseen
      dump.add("events.json", .array(events.map { Redaction.redacted($0.object) }))
    }
    let pods =
      try await attempt("pods") { dump in
        try await ComponentPods(client: dump.client, namespace: dump.namespace).find().map(\.1)
      } ?? []
    report("logs of \(pods.count) pods")
    for pod in pods { try await addLogs(of: pod) }
    let stores = pods.compactMap { pod in StorePod(pod).map { (pod, $0) } }
    report("metrics and states of \(stores.count) stores")
    for (pod, store) in stores { try await addStore(pod, store) }
    add("missing.txt", text: missing.isEmpty ? "nothing\n" : missing.map { "\($0.onOneLine)\n" }.joined())
    return archive.finished
  }

  @discardableResult
  private mutating func attempt<Found>(
    _ what: String, _ body: (inout Sysdump) async throws -> Found
  ) async throws -> Found? {
    do {
      return try await body(&self)
    } catch let error as CancellationError {
      throw error
    } catch {
      let told =
        (error as? any ClientError)?.asProgramError.description ?? (error as? ProgramError)?.description ?? "\(error)"
      missing.append("\(what): \(told)")
      return nil
    }
  }
}

extension Sysdump {
  /// Kinds with everything of the namespace.
  private static let own: [ObjectType] = [
    .deployment, .statefulSet, .daemonSet, .replicaSet, .pod, .service, .lease, .networkPolicy,
  ]

  private mutating func addResources() async throws {
    let namespace = namespace
    for type in Self.own {
      try await attempt("\(type.kind) objects of \(namespace)") { dump in
        let found = try await dump.client.list(type, namespace: namespace).items
        dump.add(found, "resources/\(type.kind.lowercased()).yaml")
      }
    }
    for kind in ResourceKind.all {
      try await attempt("\(kind.type.kind) resources") { dump in
        guard try await dump.client.resource(for: kind.type) != nil else { return }
        let found = try await dump.client.list(kind.type, namespace: kind.isNamespaced ? namespace : nil).items
        dump.add(found, "resources/\(kind.type.kind.lowercased()).yaml")
      }
    }
    try await attempt("nodes") { dump in dump.add(try await dump.client.list(.node).items, "resources/node.yaml") }
    try await addVolumes()
  }

  /// Classes and volumes of ours, their claims, and where pods have them mounted.
  private mutating func addVolumes() async throws {
    try await attempt("storage classes") { dump in
      let classes = try await dump.client.list(.storageClass).items.filter { $0.provisioner == DriverVolume.driver }
      dump.add(classes, "resources/storageclass.yaml")
    }
    try await attempt("volumes, claims and mounts") { dump in
      let volumes = try await dump.client.list(.persistentVolume).items
        .filter { $0.tree["spec", "csi", "driver"]?.string == DriverVolume.driver }
      dump.add(volumes, "resources/persistentvolume.yaml")
      let names = Set(volumes.map(\.name))
      let claims = try await dump.client.list(.persistentVolumeClaim).items.filter { claim in
        claim.volumeName.map { names.contains($0) } ?? (claim.storageClassName?.hasSuffix(".csi") == true)
      }
      dump.add(claims, "resources/persistentvolumeclaim.yaml")
      let ours = Set(claims.map { "\($0.namespace ?? "")/\($0.name)" })
      dump.add("mounts.json", .array(try await dump.client.list(.pod).items.flatMap { Self.mounts($0, ours) }))
    }
  }

  /// Mounts of claims of ours in a pod; nothing else of somebody's pod is kept.
  private static func mounts(_ pod: KubernetesObject, _ claims: Set<String>) -> [Value] {
    let namespace = pod.namespace ?? ""
    let volumes = (pod.tree["spec", "volumes"]?.array ?? []).filter { volume in
      if let claim = volume["persistentVolumeClaim", "claimName"]?.string {
        return claims.contains("\(namespace)/\(claim)")
      }
      return volume["csi", "driver"]?.string == DriverVolume.driver
    }
    let byName = Dictionary(volumes.compactMap { volume in volume["name"]?.string.map { ($0, volume) } }) { first, _ in
      first
    }
    return (pod.tree["spec", "containers"]?.array ?? []).flatMap { container in
      (container["volumeMounts"]?.array ?? []).compactMap { mount -> Value? in
        guard let volume = byName[mount["name"]?.string ?? ""] else { return nil }
        return [
          "pod": .string("\(namespace)/\(pod.name)"), "node": .string(Pod(pod).node ?? ""),
          "phase": .string(Pod(pod).phase ?? ""), "container": container["name"] ?? .null,
          "path": mount["mountPath"] ?? .null, "readOnly": mount["readOnly"] ?? false,
          "claim": volume["persistentVolumeClaim", "claimName"] ?? "(inline)",
        ]
      }
    }
  }

  private mutating func add(_ objects: [KubernetesObject], _ name: String) {
    add(name, text: Value.yaml(objects.map { Redaction.redacted($0) }))
  }

  private mutating func addLogs(of pod: KubernetesObject) async throws {
    for container in Pod(pod).containers {
      let restarts = Pod(pod).statuses.first { $0.name == container.name }?.restarts ?? 0
      for previous in restarts > 0 ? [false, true] : [false] {
        let name = "logs/\(pod.name)/\(container.name)\(previous ? ".previous" : "").log"
        try await attempt(name) { dump in
          let text = try await dump.client.log(
            ofPod: pod.name, namespace: pod.namespace ?? "", container: container.name, tailLines: dump.lines,
            previous: previous)
          dump.add(name, text: String(text.suffix(Self.longestLog)))
        }
      }
    }
  }

  /// Characters of a log that are kept.
  private static let longestLog = 4 << 20

  private mutating func addStore(_ pod: KubernetesObject, _ store: StorePod) async throws {
    guard store.isReady else { return missing.append("the state of \(pod.name): it is not ready") }
    try await attempt("the state of \(pod.name)") { dump in
      let look = dump.look
      let survey = try await withTimeout(.seconds(20)) { try await look(store) }
      dump.missing += survey.notes.map { "\(pod.name): \($0)" }
      dump.add("stores/\(pod.name).json", survey.value)
    }
    guard let port = Pod(pod).containers.lazy.compactMap({ $0.port("metrics") }).first else { return }
    try await attempt("metrics of \(pod.name)") { dump in
      let client = dump.client
      let page = try await withTimeout(.seconds(10)) {
        try await client.withPortForward(pod: pod.name, namespace: pod.namespace ?? "", port: port) { local in
          try await client.httpGet("http://127.0.0.1:\(local)/metrics").body
        }
      }
      dump.archive.add("metrics/\(pod.name).txt", Array(page.prefix(Self.longestLog)))
    }
  }
}

extension StoreSurvey {
  /// The state of a store without names of objects.
  var value: Value {
    [
      "instance": .string("i\(instance)"), "version": .string(version), "instances": .object(instances),
      "status": .object(status),
      "volumes": .array(
        volumes.map { volume in
          [
            "id": .string(volume.id), "kind": .string(volume.kind.rawValue), "scope": .string(volume.scope.rawValue),
            "used": .integer(Int64(clamping: volume.used)), "quota": .integer(Int64(clamping: volume.quota)),
            "objects": Value(volume.objects), "names": Value(volume.names), "clients": Value(volume.connections),
            "frozen": .boolean(volume.isFrozen), "abnormal": .boolean(volume.condition.isAbnormal),
            "lostContentsAt": volume.lostContentsAt.map { .integer(Int64(clamping: $0)) } ?? .null,
          ]
        }),
    ]
  }
}
