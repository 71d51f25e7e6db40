import KubernetesClient
import KubernetesObjects
import Logging
import Support
import Synchronization

/// Writes events on custom resources. What cannot be written is only logged: events are news, not state.
final class EventRecorder: Sendable {
  enum EventType: String, Sendable {
    case normal = "Normal"
    case warning = "Warning"
  }

  private let writer: Writer
  private let log: Logger
  private let now: @Sendable () -> Timestamp
  private let correlator = Mutex(EventCorrelator())

  init(writer: Writer, log: Logger, now: @escaping @Sendable () -> Timestamp = { .now() }) {
    self.writer = writer
    self.log = log
    self.now = now
  }

  /// Writes an event about a resource.
  ///
  /// - Parameter reason: one word.
  func record(_ type: EventType, _ reason: String, _ message: String, about resource: KubernetesObject) async {
    let message = String(message.prefix(1000))
    let name = "\(resource.name.prefix(200)).\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
    let key = EventCorrelator.Key(uid: resource.uid ?? "", reason: reason, message: message)
    let decision = correlator.withLock { $0.decide(key, name: name, at: .now) }
    do {
      switch decision {
      case .drop: return
      case .create: _ = try await writer.create(event(name, type, reason, message, resource))
      case .repeated(let name, let count):
        let change: Value = ["count": Value(count), "lastTimestamp": .string(now().time)]
        let reference = ObjectReference(type: .event, namespace: namespace(of: resource), name: name)
        do {
          _ = try await writer.patch(reference, .merge(change))
        } catch let error as KubernetesError where error.isNotFound {
          // Its time is over, or it could not be written at first.
          _ = try await writer.create(event(name, type, reason, message, resource))
        }
      }
    } catch {
      log.debug("the event \(reason) on \(resource.reference) cannot be written: \(error)")
    }
  }

  /// Events on objects of the cluster are kept in `default`, as kubectl expects.
  private func namespace(of resource: KubernetesObject) -> String { resource.namespace ?? "default" }

  private func event(
    _ name: String, _ type: EventType, _ reason: String, _ message: String, _ resource: KubernetesObject
  ) -> KubernetesObject {
    var involved: Value = [
      "apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind), "name": .string(resource.name),
    ]
    involved["namespace"] = resource.namespace.map { .string($0) }
    involved["uid"] = resource.uid.map { .string($0) }
    involved["resourceVersion"] = resource.resourceVersion.map { .string($0) }
    let now = now()
    // The name of the recorder is that of the original's.
    let component: Value = .string("\(resource.kind.lowercased())-controller")
    return KubernetesObject([
      "apiVersion": "v1", "kind": "Event",
      "metadata": ["name": .string(name), "namespace": .string(namespace(of: resource))],
      "involvedObject": involved, "type": .string(type.rawValue), "reason": .string(reason),
      "message": .string(message), "source": ["component": component], "reportingComponent": component,
      "reportingInstance": "", "count": 1, "firstTimestamp": .string(now.time), "lastTimestamp": .string(now.time),
    ])
  }
}
