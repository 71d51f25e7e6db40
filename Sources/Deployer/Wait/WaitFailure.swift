import Coordination
import KubernetesClient
import KubernetesObjects
import Logging
import Manifests
import Support
import Synchronization

/// Finds out why something did not get ready in time.
struct WaitFailure: Sendable {
  let client: KubernetesClient
  let log: Logger

  /// Tells the reasons of all gates that are not ready, and makes the error of the first.
  ///
  /// - Throws: `CancellationError` when the command is interrupted.
  func explain(_ gates: [ReadinessGate], after deadline: Deadline, board: ProgressBoard) async throws -> ProgramError {
    let first = Mutex<ProgramError?>(nil)
    // The server may be what fails; then it must not hold up the end.
    _ = try await Deadline(after: Self.timeout).race {
      for gate in gates {
        guard let error = await explain(gate, after: deadline, board: board) else { continue }
        first.withLock { $0 = $0 ?? error }
      }
    }
    try Task.checkCancellation()
    return first.withLock { $0 }
      ?? ProgramError(
        .notReady, "not ready after \(deadline.text)", hint: "run the same command again to go on waiting")
  }

  /// Time that finding the reason may take.
  private static let timeout = TimeSpan(nanoseconds: 10_000_000_000)

  private func explain(_ gate: ReadinessGate, after deadline: Deadline, board: ProgressBoard) async -> ProgramError? {
    var detail: String
    do {
      let readiness = try await client.get(gate.object).map { gate.readiness(of: $0) } ?? .pending("does not exist")
      if readiness.isReady { return nil }
      detail = readiness.detail
    } catch {
      detail = "its state cannot be read: \((error as? KubernetesError)?.withoutHint ?? "\(error)")"
    }
    var (reasons, advice) = await self.reasons(gate)
    if detail == ResourceKind.unseen, let absence = await OperatorAbsence(client: client).of(gate.object) {
      detail += ", \(absence.state)"
      advice = advice ?? absence.advice
    }
    for reason in reasons { board.report(.failure, reason) }
    if let reason = reasons.first, !detail.contains(reason) { detail += "; \(reason)" }
    let goOn = "run the same command again to go on waiting"
    return ProgramError(
      .notReady, "\(gate.object) is not ready after \(deadline.text)", cause: detail,
      hint: advice.map { "\($0); then \(goOn)" } ?? "what was applied stays; \(goOn), or with a longer --timeout")
  }

  /// Pod troubles first, then the last events, then the end of the log of a crashed container.
  private func reasons(_ gate: ReadinessGate) async -> (texts: [String], advice: String?) {
    var reasons: [String] = []
    var advice: String?
    if let selector = gate.podSelector {
      let all = (try? await client.list(.pod, namespace: gate.podNamespace, labels: selector).items) ?? []
      let troubled = all.filter { PodTrouble.of($0) != nil }
      let idle = all.filter { PodTrouble.of($0) == nil && PodTrouble.idleness($0) != nil }
      reasons += troubled.compactMap { PodTrouble.of($0) } + idle.compactMap { PodTrouble.idleness($0) }
      advice = troubled.first.flatMap { PodTrouble.advice($0) }
      for pod in (troubled + idle).prefix(Self.podLimit) {
        reasons += await events(of: pod.name, in: pod.namespace)
        if let container = PodTrouble.crashedContainer(pod) { reasons += await logEnd(pod, container) }
      }
    }
    let refusals = await refusals(gate.object)
    reasons += refusals
    advice = advice ?? refusals.lazy.compactMap { PodRefusal.advice($0) }.first
    return (reasons + (await events(of: gate.object.name, in: gate.object.namespace)), advice)
  }

  /// Reasons why a controller cannot make pods at all, for instance a quota.
  private func refusals(_ reference: ObjectReference) async -> [String] {
    guard let object = try? await client.get(reference) else { return [] }
    if let refused = object.conditions.first(where: { $0.reason == "PodsRefused" }) { return [refused.message] }
    let events =
      (try? await client.list(
        .event, namespace: reference.namespace, fields: "involvedObject.name=\(reference.name)"
      ).items) ?? []
    return [PodRefusal.of(object, events: events)].compactMap { $0 }
  }

  /// Pods whose events and logs are shown; the others fail the same way.
  private static let podLimit = 3

  private func events(of name: String, in namespace: String?) async -> [String] {
    do {
      let events = try await client.list(.event, namespace: namespace, fields: "involvedObject.name=\(name)").items
      return events.map { Event($0) }.filter(\.isWarning).sorted { $0.time < $1.time }.suffix(3).map { event in
        "event of \(name): \(event.reason): \(event.message ?? "")"
      }
    } catch {
      log.debug("events of \(name) cannot be read: \(error)")
      return []
    }
  }

  private func logEnd(_ pod: KubernetesObject, _ container: String) async -> [String] {
    do {
      let text = try await client.log(
        ofPod: pod.name, namespace: pod.namespace ?? "", container: container, tailLines: 3,
        previous: PodTrouble.hasRestarted(container, in: pod))
      return text.split(whereSeparator: \.isNewline).map { "log of \(pod.name)/\(container): \($0)" }
    } catch {
      log.debug("the log of \(pod.name) cannot be read: \(error)")
      return []
    }
  }
}
