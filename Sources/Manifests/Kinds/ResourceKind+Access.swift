import KubernetesObjects

/// Rights and webhooks of every kind, made from those that the files have for one: `Vineyardd`.
extension KubernetesObject {
  private static let sample = ResourceKind.vineyardd

  /// Repeats the webhook of the sample for each kind.
  mutating func repeatWebhook(for kinds: [ResourceKind]) {
    guard let template = tree["webhooks"]?[0] else { return }
    tree["webhooks"] = .array(
      kinds.map { kind in
        var webhook = template
        webhook["name"]?.replace(Self.sample.singular, with: kind.singular)
        webhook["clientConfig", "service", "path"]?.replace(Self.sample.webhookPath, with: kind.webhookPath)
        webhook["rules"]?.mapElements { rule in
          rule["apiVersions"] = [.string(kind.type.version)]
          rule["resources"] = [.string(kind.plural)]
          rule["scope"] = kind.isNamespaced ? "Namespaced" : "Cluster"
        }
        return webhook
      })
  }

  /// Extends rules about resources of the sample to those of each kind.
  mutating func extendRules(to kinds: [ResourceKind]) {
    let kinds = kinds.sorted { $0.plural < $1.plural }
    tree["rules"]?.mapElements { rule in
      guard rule["apiGroups"] == [.string(ResourceKind.group)], let resources = rule["resources"]?.array else { return }
      rule["resources"] = .array(
        kinds.flatMap { kind in
          resources.map { resource in
            var resource = resource
            resource.replace(Self.sample.plural, with: kind.plural)
            return resource
          }
        })
    }
  }

  /// Adds the right to keep objects of types where the rules do not give it.
  mutating func allowKeeping(_ types: [ObjectType]) {
    let missing = types.filter { type in !(tree["rules"]?.array ?? []).contains { $0.allowsKeeping(type) } }
    let groups = missing.reduce(into: [String]()) { groups, type in
      if !groups.contains(type.group) { groups.append(type.group) }
    }
    for group in groups {
      let plurals = Set(missing.filter { $0.group == group }.map(\.usualPlural)).sorted()
      tree["rules"]?.append([
        "apiGroups": [.string(group)], "resources": Value(plurals), "verbs": Value(Value.keepingVerbs),
      ])
    }
  }
}

extension Value {
  fileprivate static let keepingVerbs = ["create", "delete", "get", "list", "patch", "update", "watch"]

  /// Whether a rule lets its subject make, watch and change objects of a type.
  fileprivate func allowsKeeping(_ type: ObjectType) -> Bool {
    let verbs = self["verbs"]?.array ?? []
    return self["resourceNames"] == nil && self["apiGroups"]?.array?.contains(.string(type.group)) == true
      && self["resources"]?.array?.contains(.string(type.usualPlural)) == true
      && Self.keepingVerbs.allSatisfy { verbs.contains(.string($0)) }
  }

  /// Replaces a part of a text.
  fileprivate mutating func replace(_ part: String, with other: String) {
    if let string { self = .string(string.replacing(part, with: other)) }
  }
}
