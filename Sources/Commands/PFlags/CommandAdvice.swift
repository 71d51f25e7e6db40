/// Advice for words that people try as commands and that are none.
enum CommandAdvice {
  /// A hint for the first word of a command line that is no command, nil when there is nothing special about it.
  static func hint(for word: String) -> String? { verbs[word] ?? missing[word].map { absent($0) } }

  /// A hint for an unknown second word behind `deploy` or `delete`.
  static func hint(for word: String, behind names: [String]) -> String? {
    guard let group = names.first else { return hint(for: word) }
    return missingTargets[group]?.contains(word) == true ? absent(jobs) : nil
  }

  private static let verbs: [String: String] = {
    let deploy = "'vineyardctl deploy vineyard-cluster --create-namespace' installs operator and stores"
    let again = "deploying again with the new program or flags upgrades: 'vineyardctl deploy vineyard-cluster'"
    let delete = "'vineyardctl delete vineyard-cluster' removes what was deployed"
    let logs = "'vineyardctl logs' shows what all components wrote"
    let list = "'vineyardctl ls objects' lists what is in the stores, 'vineyardctl status' what is deployed"
    let status = "'vineyardctl status' shows what is deployed and how it is"
    let store = "'vineyardctl vineyardd' runs a store on this machine"
    let analyze = "'vineyardctl analyze FILE' finds mistakes in pipelines and manifests"
    let scale = "'vineyardctl deploy vineyard-cluster --replicas N' changes the number of stores"
    return [
      "install": deploy, "init": deploy, "up": deploy,
      "upgrade": again, "update": again, "apply": again, "set": again, "rollout": again,
      "uninstall": delete, "remove": delete, "down": delete, "destroy": delete,
      "log": logs, "list": list, "ps": status, "describe": status, "info": status,
      "event": "'vineyardctl events' shows them",
      "show": "'vineyardctl get object NAME' shows one", "cat": "'vineyardctl get object NAME --head 5' shows values",
      "bench": "'vineyardctl test' measures on the cluster",
      "run": store, "start": store, "serve": store, "server": store, "scale": scale,
      "doctor": "'vineyardctl check' looks for what is wrong", "operator": "'vineyardctl manager' is the operator",
      "analyse": analyze, "lint": analyze, "validate": analyze, "verify": analyze,
      "completions": "'vineyardctl completion bash' prints the script",
    ]
  }()

  /// Verbs of the original that are not here.
  static let missing: [String: String] = [
    "create": jobs,
    "inject": "each node has a store, which pods reach through a volume",
    "schedule": "Kubernetes places pods beside the data of their volume",
  ]
  /// Targets of the original that are not here.
  static let missingTargets: [String: Set<String>] = [
    "deploy": ["backup-job", "recover-job"], "delete": ["backup", "operation", "recover"],
  ]
  private static let jobs = "there are no jobs on objects"

  private static func absent(_ instead: String) -> String {
    "the original has it, this release has not; \(instead) (docs/compatibility.md)"
  }
}
