import KubernetesObjects
import Manifests

/// Puts what a custom resource says already under what is deployed now: only fields that a flag names change.
struct KeptFields {
  let flags: SpecFlags
  /// The names of the flags that count.
  let named: Set<String>

  /// One field that stays as it is.
  struct Field: Equatable {
    let path: [String]
    let value: Value
  }

  /// The resource as it is to be.
  ///
  /// - Parameters:
  ///   - rendered: what flags and defaults say.
  ///   - live: what is deployed.
  /// - Returns: the resource, and the fields in which it differs from `rendered`.
  func merge(_ rendered: KubernetesObject, over live: KubernetesObject) -> (object: KubernetesObject, kept: [Field]) {
    var object = rendered
    var kept: [Field] = []
    var spec = rendered.tree["spec"] ?? [:]
    merge(&spec, live.tree["spec"] ?? [:], at: [], Set(flags.fields(of: named)), &kept)
    if named.contains("clusters") { keepDetails(&spec, live.tree["spec", "clusters"]?.array ?? []) }
    object.tree["spec"] = spec
    return (object, kept.sorted { $0.path.lexicographicallyPrecedes($1.path) })
  }

  private func merge(
    _ rendered: inout Value, _ live: Value, at path: [String], _ named: Set<[String]>, _ kept: inout [Field]
  ) {
    for (key, value) in live.fields ?? [:] {
      let field = path + [key]
      guard !named.contains(field), value != rendered[key] else { continue }
      // The server fills in empty texts and objects, which say nothing.
      if rendered[key] == nil, Self.isEmpty(value) { continue }
      let isSplit = rendered[key]?.fields != nil || named.contains { $0.starts(with: field) }
      if value.fields != nil, isSplit {
        var inner = rendered[key] ?? [:]
        merge(&inner, value, at: field, named, &kept)
        if inner.fields?.isEmpty == false { rendered[key] = inner }
      } else if !isFormerDefault(value) {
        rendered[key] = value
        kept.append(Field(path: field, value: value))
      }
    }
  }

  private static func isEmpty(_ value: Value) -> Bool {
    if let fields = value.fields { return fields.values.allSatisfy { isEmpty($0) } }
    return value.isNull || value.string?.isEmpty == true || value.array?.isEmpty == true
  }

  /// Whether a value is the image that another release of this program takes by default: nobody chose it.
  private func isFormerDefault(_ value: Value) -> Bool {
    value.string.map { ImageOptions.isDefaultOfARelease($0) } ?? false
  }

  /// Clusters that are named again keep how their volumes differ.
  private func keepDetails(_ spec: inout Value, _ live: [Value]) {
    spec["clusters"]?.mapElements { cluster in
      let same = live.first { $0["namespace"] == cluster["namespace"] && $0["name"] == cluster["name"] }
      if let same { cluster = same }
    }
  }
}

extension KeptFields {
  /// Kept fields as people write them on the command line, joined by commas; nil when there are none.
  func text(_ kept: [Field]) -> String? {
    let parts = kept.map { field in
      let value = Self.labels(field) ?? Self.text(field.value)
      let name = flags.flag(for: field.path).map { "--\($0)" } ?? "spec.\(field.path.joined(separator: "."))"
      return "\(name) \(value)"
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// A node selector as `--node-selector` takes it, nil for any other field.
  private static func labels(_ field: Field) -> String? {
    guard field.path == ["nodeSelector"], let labels = field.value.fields else { return nil }
    return labels.map { key, value in "\(key)=\(value.string ?? value.json)" }.joined(separator: ",")
  }

  private static func text(_ value: Value) -> String {
    if let elements = value.array, !elements.isEmpty {
      let pairs = elements.map { element -> String? in
        if let namespace = element["namespace"]?.string { return "\(namespace)/\(element["name"]?.string ?? "")" }
        guard let name = element["name"]?.string, let value = element["value"]?.string else { return nil }
        return "\(name)=\(value)"
      }
      if !pairs.contains(nil) { return pairs.compactMap { $0 }.joined(separator: ",") }
    }
    return value.string ?? value.json
  }
}
