import Documents
import KubernetesClient
import Support

/// Finds out why something did not get ready in time.
struct WaitFailure: Sendable {
  let client: KubernetesClient
  let log: Log

  /// Tells the reasons of all gates that are not ready, and makes the error of the first.
  func explain(_ gates: [Gate], after deadline: Deadline, board: WaitBoard) async -> CommandError {
    var first: CommandError?
    for gate in gates {
      let live = try? await client.get(gate.object)
      let readiness = live.map { Readiness.of($0) } ?? .pending("does not exist")
      if readiness.isReady { continue }
      let reasons = await self.reasons(gate)
      for reason in reasons { board.tell(.failure, reason) }
      let cause = [readiness.detail, reasons.first].compactMap { $0 }.joined(separator: "; ")
      first =
        first
        ?? CommandError(
          .notReady, "\(gate.object) is not ready after \(deadline.text)", cause: cause,
          hint: "what was applied stays; run the same command again to go on waiting, or with a longer --timeout")
    }
    return first
      ?? CommandError(
        .notReady, "not ready after \(deadline.text)", hint: "run the same command again to go on waiting")
  }

  /// Pod troubles first, then the last events, then the end of the log of a crashed container.
  private func reasons(_ gate: Gate) async -> [String] {
    var reasons: [String] = []
    if let selector = gate.podSelector {
      let pods = (try? await client.list(.pod, namespace: gate.podNamespace, labels: selector).items) ?? []
      reasons += pods.compactMap { PodTrouble.of($0) }
      for pod in pods.prefix(Self.podLimit) {
        reasons += await events(of: pod.name, in: pod.namespace)
        if let container = PodTrouble.crashedContainer(pod) { reasons += await logEnd(pod, container) }
      }
    }
    return reasons + (await events(of: gate.object.name, in: gate.object.namespace))
  }

  /// Pods whose events and logs are shown; the others fail the same way.
  private static let podLimit = 3

  private func events(of name: String, in namespace: String?) async -> [String] {
    do {
      let events = try await client.list(.event, namespace: namespace, fields: "involvedObject.name=\(name)").items
      let warnings = events.filter { $0.tree["type"]?.string == "Warning" }
      return warnings.sorted { lastSeen($0) < lastSeen($1) }.suffix(3).map { event in
        "event of \(name): \(event.tree["reason"]?.string ?? ""): \(event.tree["message"]?.string ?? "")"
      }
    } catch {
      log.debug("events of \(name) cannot be read: \(error)")
      return []
    }
  }

  private func lastSeen(_ event: KubernetesObject) -> String {
    event.tree["lastTimestamp"]?.string ?? event.tree["eventTime"]?.string ?? ""
  }

  private func logEnd(_ pod: KubernetesObject, _ container: String) async -> [String] {
    do {
      let text = try await client.log(
        ofPod: pod.name, namespace: pod.namespace ?? "", container: container, tailLines: 3, previous: true)
      return text.split(whereSeparator: \.isNewline).map { "log of \(pod.name)/\(container): \($0)" }
    } catch {
      log.debug("the log of \(pod.name) cannot be read: \(error)")
      return []
    }
  }
}
