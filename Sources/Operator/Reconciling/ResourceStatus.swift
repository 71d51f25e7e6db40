import KubernetesObjects

/// The status of a custom resource.
protocol ResourceStatus: Sendable {
  /// The fields besides conditions and `observedGeneration`.
  var fields: Value { get }
  var conditions: [Condition] { get }
}

/// The result of bringing the objects of a resource about.
enum Progress: Sendable, Equatable {
  case done
  /// The specification makes no sense; nothing was changed.
  case invalid(String)
  /// Some objects could not be written.
  case failed(String)
  /// Objects of a former resource of this name are still being deleted.
  case waiting(String)

  var isInvalid: Bool {
    if case .invalid = self { return true }
    return false
  }

  /// The condition `Applied`.
  var applied: Condition {
    switch self {
    case .done: Condition("Applied", true, "UpToDate")
    case .invalid(let text): Condition("Applied", false, "InvalidSpec", text)
    case .failed(let text): Condition("Applied", false, "Refused", text)
    case .waiting(let text): Condition("Applied", false, "Waiting", text)
    }
  }

  /// The condition `Ready` of a resource whose objects could not all be brought about; nil when they could.
  var obstacle: Condition? {
    switch self {
    case .done: nil
    case .invalid(let text): Condition("Ready", false, "InvalidSpec", text)
    case .failed(let text): Condition("Ready", false, "NotApplied", text)
    case .waiting(let text): Condition("Ready", false, "Waiting", text)
    }
  }
}

/// The status of a resource that is ready when all its objects are.
struct PlainStatus: ResourceStatus {
  let objects: [KubernetesObject]
  let progress: Progress

  var fields: Value { [:] }

  var conditions: [Condition] { [ready, progress.applied] }

  private var ready: Condition {
    if let obstacle = progress.obstacle { return obstacle }
    let pending = objects.map { ($0.reference, Readiness.of($0)) }.filter { !$0.1.isReady }
    guard let (object, readiness) = pending.min(by: { "\($0.0)" < "\($1.0)" }) else {
      return Condition("Ready", true, "ObjectsReady")
    }
    return Condition("Ready", false, "ObjectsNotReady", "\(object): \(readiness.detail)")
  }
}
