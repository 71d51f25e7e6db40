import KubernetesClient
import KubernetesObjects
import Manifests
import Support

/// Takes the labels off nodes by which pods have found the stores of clusters that are gone (`VolumeTopology.storeKey`).
///
/// An operator does so as long as it runs. It may go together with the last cluster, and there may be none at all.
public struct StoreLabelRemoval: Sendable {
  private let client: KubernetesClient
  private let progress: ProgressReporter

  public init(client: KubernetesClient, progress: ProgressReporter) {
    self.client = client
    self.progress = progress
  }

  /// Takes off the labels of all clusters without a store.
  ///
  /// - Parameters:
  ///   - removed: what was deleted. Stores of these clusters do not count, though they may still be there for a moment.
  ///   - isDryRun: whether the labels are only told.
  /// - Throws: `KubernetesError` when the server cannot be asked. Without the right to see nodes and pods nothing happens;
  ///   without the right to change nodes it is told how to do it.
  public func run(after removed: [ObjectReference], isDryRun: Bool) async throws {
    guard let labels = try await labels(after: removed) else { return }
    for (label, nodes) in labels.sorted(by: { $0.key < $1.key }) {
      let count = nodes.count == 1 ? "node \(nodes[0])" : "\(nodes.count) nodes"
      do {
        if !isDryRun { try await remove(label, from: nodes) }
        progress.report(.action, "label \(label) \(isDryRun ? "would be taken" : "taken") off \(count)")
      } catch let error as KubernetesError where error.isForbidden {
        progress.report(
          .warning, "label \(label) stays on \(count), which may not be changed: 'kubectl label node --all \(label)-'")
      }
    }
  }

  /// The labels of clusters without a store, and the nodes that have them; nil when they cannot be seen.
  private func labels(after removed: [ObjectReference]) async throws -> [String: [String]]? {
    var labels: [String: [String]] = [:]
    do {
      for node in try await client.list(.node).items {
        for key in node.labels.keys where key.hasPrefix(VolumeTopology.storeKeyPrefix) {
          labels[key, default: []].append(node.name)
        }
      }
      guard !labels.isEmpty else { return labels }
      let stores = try await client.list(.pod, labels: "app.vineyard.io/name,app.vineyard.io/role=vineyardd").items
      let clusters = removed.filter { [.vineyardd, .deployment].contains($0.type) }
      let gone = Set(clusters.map { [$0.namespace ?? "", $0.name] })
      for store in stores where !store.isBeingDeleted {
        guard let namespace = store.namespace, let name = store.labels["app.vineyard.io/name"],
          !gone.contains([namespace, name])
        else { continue }
        labels[VolumeTopology.storeKey(namespace: namespace, name: name)] = nil
      }
      return labels
    } catch let error as KubernetesError where error.isForbidden {
      return nil
    }
  }

  private func remove(_ label: String, from nodes: [String]) async throws {
    for node in nodes {
      do {
        let patch: Value = ["metadata": ["labels": [label: .null]]]
        _ = try await client.patch(ObjectReference(type: .node, name: node), .merge(patch))
      } catch let error as KubernetesError where error.isNotFound {
        continue
      }
    }
  }
}
