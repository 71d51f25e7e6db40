/// Rules about claims that runs make and delete.
extension Rule {
  static let fixedName = Rule(id: .fixedName) { model in
    model.vineyardClaims.compactMap { index, claim in
      guard case .step = claim.maker, let name = claim.name, !name.isOpen else { return nil }
      guard let run = model.runs(of: index).first, model.runs[run].isRepeated else { return nil }
      let hint =
        model.runs[run].kind == .argo
        ? "name it '{{workflow.name}}-\(name.text)', or use volumeClaimTemplates"
        : "pass pvc_name_suffix instead of pvc_name, or use a workspace"
      return Finding(.fixedName, name.place, "\(claim.phrase) has one name for all runs", hint: hint)
    }
  }

  static let caching = Rule(id: .caching) { model in
    model.runs.indices.flatMap { index -> [Finding] in
      let run = model.runs[index]
      let hint =
        run.kind == .kubeflow
        ? "set_caching_options(False) for this task" : "label it pipelines.kubeflow.org/enable_caching: \"false\""
      let tasks = run.cachedTasks.filter { model.isVineyard($0.claim) }.map { task in
        Finding(
          .caching, task.place,
          "caching is on for \(task.name.quoted), which makes or deletes \(model.claims[task.claim].phrase): "
            + "a repeated run skips it", hint: hint)
      }
      let steps = run.steps.compactMap { step -> Finding? in
        guard let place = step.caching else { return nil }
        let claims = step.containers.flatMap(\.mounts).compactMap(\.claim)
        guard let claim = claims.first(where: { model.isVineyard($0) && model.claims[$0].isOfRun }) else { return nil }
        return Finding(
          .caching, place,
          "caching is on for \(step.name.quoted), which mounts \(model.claims[claim].phrase): "
            + "a repeated run skips it, and what it wrote is gone", hint: hint)
      }
      return tasks + steps
    }
  }

  static let undeleted = Rule(id: .undeleted) { model in
    model.vineyardClaims.compactMap { index, claim in
      guard claim.maker == .step(isOwned: false) else { return nil }
      guard let number = model.runs(of: index).first else { return nil }
      let run = model.runs[number]
      // A deletion of an unknown claim may be of this one.
      guard run.isComplete, !run.deletions.contains(where: { $0.claim == index || $0.claim == nil }) else { return nil }
      let hint =
        run.kind == .argo
        ? "setOwnerReference: true, a template for onExit, or volumeClaimTemplates"
        : "DeletePVC in an exit handler, or a workspace"
      return Finding(
        .undeleted, claim.place, "nothing deletes \(claim.phrase): each run leaves one behind, with its memory",
        hint: hint)
    }
  }

  static let heldByPods = Rule(id: .heldByPods) { model in
    model.runs.indices.flatMap { number -> [Finding] in
      let run = model.runs[number]
      guard run.kind != .manifests, !run.removesPods else { return [] }
      let hint =
        run.kind == .argo
        ? "set podGC, or ttlStrategy" : "set ttl_seconds_after_finished of the pipeline's configuration"
      let deleted = run.deletions.compactMap { deletion -> Finding? in
        guard let claim = deletion.claim, model.isVineyard(claim) else { return nil }
        return finding(model.claims[claim], deletion.place, hint)
      }
      let templates = model.claims(of: number).filter { model.claims[$0].maker == .template && model.isVineyard($0) }
      return deleted + templates.map { finding(model.claims[$0], model.claims[$0].place, hint) }
    }
  }

  private static func finding(_ claim: Claim, _ place: Place, _ hint: String) -> Finding {
    Finding(
      .heldByPods, place,
      "\(claim.phrase) is deleted at the end, and pods that have ended keep it: nothing deletes them", hint: hint)
  }

  static let skippedDeletion = Rule(id: .skippedDeletion) { model in
    model.runs.indices.flatMap { number -> [Finding] in
      let run = model.runs[number]
      var covered = Set(run.deletions.filter { !$0.isSkippedByFailure }.compactMap(\.claim))
      // Who owns a claim deletes it in the end.
      covered.formUnion(model.claims(of: number).filter { model.claims[$0].maker == .step(isOwned: true) })
      let skipped = run.deletions.compactMap { deletion -> Finding? in
        guard deletion.isSkippedByFailure, let claim = deletion.claim, model.isVineyard(claim), !covered.contains(claim)
        else { return nil }
        return Finding(
          .skippedDeletion, deletion.place,
          "after a step has failed nothing deletes \(model.claims[claim].phrase): this task is skipped then",
          hint: run.kind == .argo ? "call the template from onExit" : "dsl.ExitHandler with this task")
      }
      guard run.keepsTemplatesAfterFailure else { return skipped }
      let templates = model.claims(of: number).filter { model.claims[$0].maker == .template && model.isVineyard($0) }
      return skipped
        + templates.map { claim in
          Finding(
            .skippedDeletion, model.claims[claim].place,
            "after a step has failed nothing deletes \(model.claims[claim].phrase) until somebody deletes the Workflow",
            hint: "volumeClaimGC: {strategy: OnWorkflowCompletion}, or ttlStrategy")
        }
    }
  }
}
