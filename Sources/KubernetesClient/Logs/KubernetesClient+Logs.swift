import Documents

/// Logs of containers.
extension KubernetesClient {
  /// The log of a container.
  ///
  /// - Parameters:
  ///   - container: may be nil where the pod has one only.
  ///   - tailLines: how many lines from the end; nil for all of it.
  ///   - previous: whether to read the container's run before this one.
  /// - Throws: as every call of ``KubernetesClient``.
  public func log(
    ofPod pod: String, namespace: String, container: String? = nil, tailLines: Int? = nil, previous: Bool = false
  ) async throws -> String {
    let path = APIPath("api", "v1", "namespaces", namespace, "pods", pod, "log")
      .setting("container", container).setting("tailLines", tailLines.map { String($0) })
      .setting("previous", previous ? "true" : nil)
    let whose = container.map { "container \($0) of " } ?? ""
    var call = APICall(path, Operation("read the log of", "\(whose)Pod \(namespace)/\(pod)"))
    call.accept = "text/plain, application/json"
    return try await sendForText(call)
  }
}
