import ClusterInventory
import Deployer
import Documents
import Inspection
import KubernetesClient
import KubernetesObjects
import Support

/// A claim and two pods that try a cluster, and are deleted again.
struct ClusterTrial: Sendable {
  /// A pod that has done its part.
  struct Step: Sendable {
    let name: String
    let node: String
    let result: VolumeTrial.Result
  }

  /// The label of everything that a trial makes.
  static let label = "app.kubernetes.io/managed-by=vineyardctl-test"

  private let client: KubernetesClient
  private let namespace: String
  private let storageClass: String
  private let image: String
  private let bytes: Int
  private let limit: TimeSpan
  private let progress: ProgressReporter
  private let name: String

  /// Chooses class and image.
  ///
  /// - Throws: `ProgramError` with code `notFound` when there is no class of ours, or no store to take the image from.
  init(
    client: KubernetesClient, namespace: String, storageClass: String?, image: String?, bytes: Int, limit: TimeSpan,
    progress: ProgressReporter
  ) async throws {
    self.client = client
    self.namespace = namespace
    self.bytes = bytes
    self.limit = limit
    self.progress = progress
    name = "vineyardctl-test-\(String(UInt32.random(in: 0x1000_0000...UInt32.max), radix: 16))"
    let classes = try await client.list(.storageClass).items.filter { $0.provisioner == DriverVolume.driver }
    let chosen = storageClass.map { wanted in classes.first { $0.name == wanted } } ?? classes.min { $0.name < $1.name }
    guard let chosen else {
      throw ProgramError(
        .notFound,
        storageClass.map { "there is no class '\($0.printable(120))' of Vineyard" } ?? "there is no class of Vineyard",
        cause: classes.isEmpty ? nil : "there are \(classes.map(\.name).shortList)",
        hint: "'vineyardctl deploy csidriver --clusters NAMESPACE/NAME' makes one")
    }
    self.storageClass = chosen.name
    if let image {
      self.image = image
      return
    }
    let cluster = (
      chosen.parameters["k8s.v6d.io/vineyard/namespace"] ?? "", chosen.parameters["k8s.v6d.io/vineyard/name"] ?? ""
    )
    let stores = try await client.list(
      .pod, namespace: cluster.0, labels: "app.vineyard.io/name=\(cluster.1),app.vineyard.io/role=vineyardd"
    ).items
    guard let image = stores.lazy.flatMap({ Pod($0).containers }).first(where: { $0.name == "vineyardd" })?.image else {
      throw ProgramError(
        .notFound, "the cluster \(cluster.0)/\(cluster.1) has no store",
        hint: "'vineyardctl status -n \(cluster.0)' says why; --image names an image")
    }
    self.image = image
  }

  /// Makes the claim, runs both pods and returns what they measured.
  ///
  /// - Throws: `ProgramError` with code `notReady` when a pod takes too long, `failed` when it fails.
  func run() async throws -> [Step] {
    try await removeLeftovers()
    progress.report(.change, "claim \(namespace)/\(name) of class \(storageClass)")
    _ = try await client.create(KubernetesObject(claim))
    return [try await step("write"), try await step("read")]
  }

  private var metadata: Value {
    [
      "name": .string(name), "namespace": .string(namespace),
      "labels": ["app.kubernetes.io/managed-by": "vineyardctl-test"],
    ]
  }

  private var claim: Value {
    // Room for the object, rounded up to what quotas are counted in.
    let size = (bytes >> 20) + 16
    return [
      "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata,
      "spec": [
        "accessModes": ["ReadWriteMany"], "storageClassName": .string(storageClass),
        "resources": ["requests": ["storage": .string("\(size)Mi")]],
      ],
    ]
  }

  private func pod(_ step: String) -> Value {
    var metadata = metadata
    metadata["name"] = .string("\(name)-\(step)")
    return [
      "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
      "spec": [
        "restartPolicy": "Never", "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0,
        "securityContext": [
          "runAsNonRoot": true, "runAsUser": 65534, "runAsGroup": 65534, "seccompProfile": ["type": "RuntimeDefault"],
        ],
        "containers": [
          [
            "name": "step", "image": .string(image), "imagePullPolicy": "IfNotPresent",
            "command": [
              "/vineyardctl", "test-step", .string(step), "--directory", "/vineyard/data", "--size",
              .string("\(bytes)"),
            ],
            "securityContext": [
              "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
            ],
            "resources": [
              "requests": ["cpu": "100m", "memory": "64Mi"],
              "limits": ["memory": .string("\((2 * bytes >> 20) + 256)Mi")],
            ],
            "volumeMounts": [["name": "data", "mountPath": "/vineyard/data"]],
          ]
        ],
        "volumes": [["name": "data", "persistentVolumeClaim": ["claimName": .string(name)]]],
      ],
    ]
  }

  private func step(_ step: String) async throws -> Step {
    let made = try await client.create(KubernetesObject(pod(step)))
    progress.report(.wait, "pod \(namespace)/\(made.name)")
    let ended = try await end(of: made.reference)
    let text = try await client.log(ofPod: made.name, namespace: namespace, container: "step")
    guard Pod(ended).phase == "Succeeded" else {
      throw ProgramError(
        .failed, "the pod that should \(step) has failed",
        cause: text.split(separator: "\n").last.map { String($0).printable(400) } ?? Pod(ended).message,
        hint: "'vineyardctl debug pvc NAMESPACE/NAME' and 'vineyardctl status' look for causes")
    }
    let line = text.split(separator: "\n").last { $0.hasPrefix("{") }
    guard let line, let value = try? Value(json: String(line)), let result = VolumeTrial.Result(value) else {
      throw ProgramError(
        .failed, "the pod that should \(step) printed no result",
        cause: String(text.suffix(200)).onOneLine.printable(200),
        hint: "its image may be of an older release: deploy the cluster again, or name an image with --image")
    }
    let node = Pod(ended).node ?? ""
    progress.report(.done, "\(step) on \(node)")
    return Step(name: step, node: node, result: result)
  }

  /// Waits until a pod has ended.
  ///
  /// - Throws: `ProgramError` with code `notReady` and the links of the chain that are broken when it takes too long.
  private func end(of reference: ObjectReference) async throws -> KubernetesObject {
    let deadline = ContinuousClock.now + limit.duration
    while ContinuousClock.now < deadline {
      guard let pod = try await client.get(reference) else {
        throw ProgramError(.failed, "\(reference) was deleted by somebody else")
      }
      if Pod(pod).hasEnded { return pod }
      try await Task.sleep(for: Self.pause)
    }
    let client = client
    var chain = ChainWalk(client: client, system: storageClass.split(separator: ".").first.map(String.init) ?? "") {
      try await $0.survey(client)
    }
    try? await chain.walk(pod: reference.name, namespace: namespace)
    throw ProgramError(
      .notReady, "\(reference) has not ended after \(limit)", cause: chain.broken.map { "\($0.group): \($0.text)" },
      hint: chain.broken?.hint ?? "wait longer with --timeout")
  }

  private static let pause: Duration = .milliseconds(300)

  /// Deletes what the trial made, also when it was cancelled.
  ///
  /// - Returns: the error when something is left.
  func cleanUp() async -> ProgramError? {
    let (client, namespace, name) = (client, namespace, name)
    let left = await Task.detached { () -> [String] in
      var left: [String] = []
      for pod in ["\(name)-write", "\(name)-read"] {
        let reference = ObjectReference(type: .pod, namespace: namespace, name: pod)
        do { _ = try await client.delete(reference, graceSeconds: 0) } catch { left.append("\(reference)") }
      }
      let claim = ObjectReference(type: .persistentVolumeClaim, namespace: namespace, name: name)
      do { _ = try await client.delete(claim) } catch { left.append("\(claim)") }
      return left
    }.value
    guard !left.isEmpty else {
      progress.report(.done, "deleted claim and pods")
      return nil
    }
    return ProgramError(
      .failed, "the trial could not delete \(left.joined(separator: " and "))",
      hint: "'kubectl delete pods,pvc -n \(namespace) -l \(Self.label)' does it")
  }

  /// Deletes what trials have left that were killed.
  private func removeLeftovers() async throws {
    let old = Timestamp(milliseconds: Timestamp.now().milliseconds - 3_600_000).time
    for type in [ObjectType.pod, .persistentVolumeClaim] {
      for object in try await client.list(type, namespace: namespace, labels: Self.label).items
      where object.tree["metadata", "creationTimestamp"]?.string ?? "~" < old {
        progress.report(.action, "deleting \(object.reference), which an earlier trial left")
        _ = try await client.delete(object.reference, uid: object.uid)
      }
    }
  }
}
