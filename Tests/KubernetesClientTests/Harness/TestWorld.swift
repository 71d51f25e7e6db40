import Coordination
import KubernetesObjects
import Logging
import Support
import Synchronization
import Testing

@testable import KubernetesClient

/// A client of the shared double that never really sleeps, and a namespace nobody else uses.
struct TestWorld: Sendable {
  let double: APIServerDouble
  let client: KubernetesClient
  let namespace: String
  let sleeps: Recorder<Duration>
  let lines: Recorder<String>

  /// - Parameter change: changes how the client waits.
  init(
    _ credentials: (any CredentialSource)? = nil, double: APIServerDouble? = nil,
    _ change: (inout KubernetesClient.Timing) -> Void = { _ in }
  ) async throws {
    let double = try double ?? APIServerDouble.shared.get()
    let (sleeps, lines) = (Recorder<Duration>(), Recorder<String>())
    self.double = double
    self.sleeps = sleeps
    self.lines = lines
    client = testClient(double.configuration(credentials), sleeps: sleeps, lines: lines, change)
    namespace = "test-\(UInt64.random(in: 0...UInt64.max))"
    let admin = KubernetesClient(double.configuration(), log: Logger(minimum: .error))
    _ = try await admin.create(
      KubernetesObject(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]]))
  }

  /// A ConfigMap of this namespace.
  func configMap(_ name: String, _ data: [String: String] = [:], labels: [String: String] = [:]) -> KubernetesObject {
    KubernetesObject([
      "apiVersion": "v1", "kind": "ConfigMap",
      "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": Value(labels)],
      "data": Value(data),
    ])
  }

  /// Makes a pod with a container `c`, and returns when it runs.
  func run(pod name: String) async throws {
    let account = ObjectReference(
      type: ObjectType(apiVersion: "v1", kind: "ServiceAccount"), namespace: namespace, name: "default")
    try await eventually("pods can be made") { try await client.get(account) != nil }
    let pod = try await client.create(
      KubernetesObject([
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": .string(namespace)],
        "spec": ["containers": [["name": "c", "image": "example.org/c:1"]]],
      ]))
    try await eventually("it runs") { try await client.get(pod.reference)?.tree["status", "phase"] == "Running" }
  }

  func reference(_ name: String) -> ObjectReference {
    ObjectReference(type: .configMap, namespace: namespace, name: name)
  }

  /// Makes requests of this namespace go wrong.
  func fault(_ kind: String, method: String = ".*", times: Int = 1, _ more: Value = [:]) async throws {
    try await double.fault(kind, "/namespaces/\(namespace)/", method: method, times: times, more)
  }
}

/// A client whose pauses are noted instead of slept through.
func testClient(
  _ configuration: ClientConfiguration, sleeps: Recorder<Duration> = Recorder(), lines: Recorder<String> = Recorder(),
  _ change: (inout KubernetesClient.Timing) -> Void = { _ in }
) -> KubernetesClient {
  var timing = KubernetesClient.Timing()
  timing.retry.backOff.jitter = { 1 }
  timing.sleep = { duration in
    sleeps.append(duration)
    try Task.checkCancellation()
    await Task.yield()
  }
  change(&timing)
  return KubernetesClient(configuration, log: Logger(minimum: .debug, write: { lines.append($0) }), timing: timing)
}

/// Collects values from several tasks.
final class Recorder<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])

  func append(_ element: Element) { elements.withLock { $0.append(element) } }

  var all: [Element] { elements.withLock { $0 } }
}

extension ObjectType {
  static let configMap = ObjectType(apiVersion: "v1", kind: "ConfigMap")
  static let pod = ObjectType(apiVersion: "v1", kind: "Pod")
  static let deployment = ObjectType(apiVersion: "apps/v1", kind: "Deployment")
}

/// The error that an operation throws, which must be of a type.
func thrown<Failure: Error>(_ type: Failure.Type, _ operation: () async throws -> some Any) async throws -> Failure {
  do {
    _ = try await operation()
  } catch {
    return try #require(error as? Failure, "\(error)")
  }
  throw NothingThrown()
}

struct NothingThrown: Error {}

/// Asks until a condition holds; the time limit is only there to end a test that hangs.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record("never: \(what)")
}
