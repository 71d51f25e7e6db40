import KubernetesObjects
import Support

/// Parts of a Deployment, StatefulSet or DaemonSet.
extension KubernetesObject {
  /// `spec.template.spec`.
  var podSpec: Value {
    get { tree["spec", "template", "spec"] ?? .object([:]) }
    set { tree["spec", "template", "spec"] = newValue }
  }

  /// Changes one container.
  ///
  /// - Throws: `ProgramError` with code `failed` when there is none of this name.
  mutating func editContainer(_ name: String, _ change: (inout Value) -> Void) throws {
    var isFound = false
    tree["spec", "template", "spec", "containers"]?.mapElements { container in
      guard container["name"]?.string == name else { return }
      change(&container)
      isFound = true
    }
    guard isFound else { throw ProgramError(.failed, "\(reference) has no container \(name)") }
  }

  /// Changes one volume of the pod.
  ///
  /// - Throws: `ProgramError` with code `failed` when there is none of this name.
  mutating func editVolume(_ name: String, _ change: (inout Value) -> Void) throws {
    var isFound = false
    tree["spec", "template", "spec", "volumes"]?.mapElements { volume in
      guard volume["name"]?.string == name else { return }
      change(&volume)
      isFound = true
    }
    guard isFound else { throw ProgramError(.failed, "\(reference) has no volume \(name)") }
  }

  /// Sets the labels by which the workload finds its pods, which the pods carry too.
  mutating func setSelector(_ labels: [String: String]) {
    tree["spec", "selector", "matchLabels"] = Value(labels)
    for (key, value) in labels { tree["spec", "template", "metadata", "labels", key] = .string(value) }
  }
}

/// Parts of a container.
extension Value {
  /// Sets an environment variable of a container, in its place or at the end.
  mutating func setEnvironment(_ variable: Value) {
    let name = variable["name"]
    var variables = self["env"]?.array ?? []
    if let index = variables.firstIndex(where: { $0["name"] == name }) {
      variables[index] = variable
    } else {
      variables.append(variable)
    }
    self["env"] = .array(variables)
  }

  /// Sets image and pull policy of a container.
  mutating func setImage(_ image: ImageOptions) {
    self["image"] = .string(image.reference)
    self["imagePullPolicy"] = .string(image.pullPolicy)
  }

  /// Puts another object over this one, field by field.
  mutating func overlay(_ other: Value) {
    guard let fields = other.fields, self.fields != nil else {
      self = other
      return
    }
    for (key, value) in fields {
      if self[key] == nil {
        self[key] = value
      } else {
        self[key]?.overlay(value)
      }
    }
  }
}
