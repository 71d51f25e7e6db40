/// Rules about access modes, read-only mounts, privileges and nodes.
extension Rule {
  static let accessRules = [writableReader, accessMode]

  private static let writableReader = Rule(id: .writableReader) { model in
    eachUse(model) { use, claim in
      let step = model.step(use)
      guard step.canMountReadOnly, step.onlyReads, !use.mount.isReadOnly, !claim.isOfPod else { return nil }
      return Finding(
        .writableReader, use.mount.source, "\(step.name.quoted) only reads, and may write to \(claim.phrase)",
        hint: claim.maker == .template
          ? "a volume of its own with claimName: '{{workflow.name}}-\(claim.title)' and readOnly: true"
          : "readOnly: true beside claimName")
    }
  }

  private static let known = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]

  private static let accessMode = Rule(id: .accessMode) { model in
    model.vineyardClaims.flatMap { modeFindings(model, $0.index, $0.claim) }
      + eachUse(model) { use, claim in
        guard use.mount.isReadOnly else { return nil }
        return use.mount.firstWrite.map {
          Finding(
            .accessMode, use.mount.source,
            "\(model.step(use).name.quoted) writes \($0.path.quoted), and mounts \(claim.phrase) read-only",
            hint: "leave readOnly out")
        }
      }
  }

  private static func modeFindings(_ model: Model, _ index: Int, _ claim: Claim) -> [Finding] {
    guard let modes = claim.modes, !modes.contains(where: \.isOpen) else { return [] }
    if modes.isEmpty && claim.maker != .inline && claim.maker != .elsewhere {
      return [
        Finding(.accessMode, claim.place, "\(claim.phrase) has no access mode", hint: "accessModes: [ReadWriteMany]")
      ]
    }
    if let wrong = modes.first(where: { !known.contains($0.text) }) {
      return [
        Finding(
          .accessMode, wrong.place, "\(claim.phrase): there is no access mode \(wrong.text.quoted)",
          hint: "one of \(known.joined(separator: ", "))")
      ]
    }
    guard modes.count == 1, let mode = modes.first else { return [] }
    switch mode.text {
    case "ReadWriteOncePod": return sideBySide(model, index, claim, mode)
    case "ReadOnlyMany": return neverWritten(model, index, claim, mode)
    default: return []
    }
  }

  /// One pod at a time, and several that may run side by side.
  private static func sideBySide(_ model: Model, _ index: Int, _ claim: Claim, _ mode: Entry) -> [Finding] {
    func finding(_ names: String) -> [Finding] {
      [
        Finding(
          .accessMode, mode.place, "\(claim.phrase) admits one pod at a time, and \(names) may run side by side",
          hint: "ReadWriteMany")
      ]
    }
    guard !claim.isOfPod else { return [] }
    for number in model.runs(using: index) {
      let run = model.runs[number]
      let steps = model.steps(using: index, run: number)
      if let step = steps.first(where: \.isParallel), !run.isSerial {
        return finding("several pods of \(step.name.quoted)")
      }
      if run.kind == .manifests {
        if let service = steps.first(where: \.isService), let other = steps.first(where: { $0.place != service.place })
        {
          return finding("\(service.name.quoted) and \(other.name.quoted)")
        }
        continue
      }
      let ordered = steps.filter { $0.position != nil }
      if !run.isSerial, let pair = run.order.sideBySide(ordered.compactMap(\.position)) {
        return finding("\(ordered[pair.0].name.quoted) and \(ordered[pair.1].name.quoted)")
      }
    }
    return []
  }

  /// Nobody may write, and there is nothing that could be read.
  private static func neverWritten(_ model: Model, _ index: Int, _ claim: Claim, _ mode: Entry) -> [Finding] {
    guard !claim.isCopy, !claim.isStatic else { return [] }
    let writer = model.uses[index].first { $0.mount.firstWrite != nil }
    guard writer != nil || claim.isOfRun || claim.maker == .pod else { return [] }
    let reason = writer.map { "\(model.step($0).name.quoted) writes to it" } ?? "it is empty when it is made"
    return [Finding(.accessMode, mode.place, "\(claim.phrase) can only be read, and \(reason)", hint: "ReadWriteMany")]
  }

  static let privileged = Rule(id: .privileged) { model in
    eachUse(model) { use, claim in
      let container = model.container(use)
      return container.privileged.map {
        Finding(
          .privileged, $0,
          "container \(container.name.quoted) is privileged and mounts \(claim.phrase): no step needs that",
          hint: "leave it out")
      }
    }
  }

  static let placement = Rule(id: .placement) { model in
    model.vineyardClaims.flatMap { index, claim -> [Finding] in
      guard !claim.isOfPod else { return [] }
      return model.runs(using: index).compactMap { number in
        var seen: [Step] = []
        for step in model.steps(using: index, run: number) where step.placement != Placement() {
          for earlier in seen {
            guard let label = earlier.placement.conflict(with: step.placement) else { continue }
            return Finding(
              .placement, step.place,
              "\(step.name.quoted) and \(earlier.name.quoted) mount \(claim.phrase), which is on one node, and no node suits "
                + "both: they differ in \(label.quoted)", hint: "the same nodeSelector and affinity for all")
          }
          if seen.count < 50, !seen.contains(where: { $0.placement == step.placement }) { seen.append(step) }
        }
        return nil
      }
    }
  }

  /// Findings about each use of a claim of Vineyard.
  static func eachUse(_ model: Model, _ finding: (Model.Use, Claim) -> Finding?) -> [Finding] {
    model.vineyardClaims.flatMap { index, claim in model.uses[index].compactMap { finding($0, claim) } }
  }
}
