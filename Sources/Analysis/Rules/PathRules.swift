/// Rules about mounts and the paths of objects.
extension Rule {
  static let pathRules = [path, subPath]

  private static let path = Rule(id: .path) { model in
    unmountedPaths(model) + differentMounts(model)
  }

  /// Paths in programs that no volume of Vineyard has.
  private static func unmountedPaths(_ model: Model) -> [Finding] {
    model.runs.flatMap(\.steps).flatMap(\.containers).flatMap { container -> [Finding] in
      let mounted = container.mounts.first { $0.claim.map { model.isVineyard($0) } ?? false }?.path
      let hint = mounted.map { "the volume is mounted at \($0.quoted)" } ?? "mount a claim of Vineyard above it"
      func finding(_ use: PathUse, _ reason: String) -> Finding {
        Finding(.path, use.place, "\(use.path.quoted) \(reason)", hint: hint)
      }
      let stray = container.strayPaths.map { finding($0, "is below no mount of \(container.name.quoted)") }
      return stray
        + container.mounts.flatMap { mount -> [Finding] in
          guard let reason = obstacle(mount, model) else { return [] }
          return mount.paths.map { finding($0, reason) }
        }
    }
  }

  /// The reason why no object is on a mount; nil when there may be some.
  private static func obstacle(_ mount: Mount, _ model: Model) -> String? {
    if let claim = mount.claim {
      return model.kinship(claim) == .other ? "is on \(model.claims[claim].phrase), which is not of Vineyard" : nil
    }
    if case .plain(let kind) = mount.other {
      return "is on a volume of the kind \(kind), which has no socket of a store"
    }
    return nil
  }

  /// Steps that mount one claim at different paths.
  private static func differentMounts(_ model: Model) -> [Finding] {
    model.vineyardClaims.flatMap { index, claim -> [Finding] in
      var first: [Int: Model.Use] = [:]
      return model.uses[index].compactMap { use in
        guard !Placeholders.isOpen(use.mount.path) else { return nil }
        guard let earlier = first[use.run] else {
          first[use.run] = use
          return nil
        }
        if overlap(earlier.mount.path, use.mount.path) { return nil }
        // A container may mount it twice, once where the others do.
        if model.container(use).mounts.contains(where: { $0.claim == index && overlap(earlier.mount.path, $0.path) }) {
          return nil
        }
        return Finding(
          .path, use.mount.place,
          "\(model.step(use).name.quoted) mounts \(claim.phrase) at \(use.mount.path.quoted), and "
            + "\(model.step(earlier).name.quoted) at \(earlier.mount.path.quoted): an object's path is its name",
          hint: "the same mountPath in every step")
      }
    }
  }

  private static func overlap(_ left: String, _ right: String) -> Bool {
    let (left, right) = (left.split(separator: "/"), right.split(separator: "/"))
    return left.starts(with: right) || right.starts(with: left)
  }

  private static let subPath = Rule(id: .subPath) { model in
    eachUse(model) { use, claim in
      use.mount.subPath.map {
        Finding(
          .subPath, $0, "\(claim.phrase) is mounted with a subPath, and a volume has no directories",
          hint: "leave it out, and put it into the paths of the objects")
      }
    }
  }

  static let podVolumeHandover = Rule(id: .podVolumeHandover) { model in
    model.runs.indices.flatMap { number -> [Finding] in
      let mounts = ownMounts(model, number)
      return mounts.values.flatMap { group -> [Finding] in
        let steps = Set(group.map(\.step))
        guard steps.count > 1 else { return [] }
        let findings = group.filter { use in
          model.runs[number].kind != .manifests && isAlone(use, model) || readsOfOthers(use, group, model)
        }
        guard
          model.runs[number].kind == .manifests || Set(findings.map(\.step)).count > 1
            || findings.contains(where: { readsOfOthers($0, group, model) })
        else { return [] }
        return findings.map { use in
          Finding(
            .podVolumeHandover, use.mount.source,
            "\(steps.count) pods mount a volume at \(use.mount.path.quoted), and each has its own: they hand nothing over",
            hint: "a claim of the run")
        }
      }
    }
  }

  /// The mounts of volumes that are their pods' own, by their paths.
  private static func ownMounts(_ model: Model, _ run: Int) -> [String: [Model.Use]] {
    var mounts: [String: [Model.Use]] = [:]
    for (step, content) in model.runs[run].steps.enumerated() {
      for (container, content) in content.containers.enumerated() {
        for mount in content.mounts {
          guard let claim = mount.claim, model.claims[claim].maker == .pod || model.claims[claim].maker == .inline,
            model.isVineyard(claim)
          else { continue }
          mounts[mount.path, default: []].append(
            Model.Use(run: run, step: step, container: container, mount: mount))
        }
      }
    }
    return mounts
  }

  /// Whether no other container of the pod mounts the volume, so that it can only be for other pods.
  private static func isAlone(_ use: Model.Use, _ model: Model) -> Bool {
    use.mount.claim.map { model.uses[$0].count == 1 } ?? false
  }

  /// Whether a container reads what only another pod writes.
  private static func readsOfOthers(_ use: Model.Use, _ group: [Model.Use], _ model: Model) -> Bool {
    let own = Set(model.step(use).containers.flatMap { $0.use.writes.map(\.path) })
    let missing = model.container(use).use.reads.filter { !$0.isOpen && !own.contains($0.path) }.map(\.path)
    guard !missing.isEmpty, group.count <= 100 else { return false }
    return group.contains { other in
      other.step != use.step && model.container(other).use.writes.contains { missing.contains($0.path) }
    }
  }
}
