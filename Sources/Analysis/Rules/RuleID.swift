/// A code: it stays what it is, and is never given to something else.
public enum RuleID: String, Sendable, CaseIterable {
  case missingClass = "VY0101"
  case misspeltClass = "VY0102"
  case invalidSize = "VY0103"
  case uncountedSize = "VY0104"
  case oversize = "VY0105"
  case fixedName = "VY0106"
  case caching = "VY0107"
  case writableReader = "VY0108"
  case accessMode = "VY0109"
  case undeleted = "VY0110"
  case path = "VY0111"
  case heldByPods = "VY0112"
  case subPath = "VY0113"
  case podVolumeHandover = "VY0114"
  case skippedDeletion = "VY0115"
  case privileged = "VY0116"
  case placement = "VY0117"
  case client = "VY0118"
  case malformed = "VY0190"

  public var severity: Severity { row.severity }
  /// The mistake, in general.
  public var summary: String { row.summary }
  /// The remedy, in general.
  public var remedy: String { row.remedy }

  private var row: (severity: Severity, summary: String, remedy: String) {
    switch self {
    case .missingClass: (.error, "a claim for Vineyard names no storage class", "name NAMESPACE.NAME.csi")
    case .misspeltClass: (.error, "a storage class is like one of Vineyard and is none", "name the class that is meant")
    case .invalidSize: (.error, "a size is missing, cannot be parsed or is not above zero", "a number and a unit: 4Gi")
    case .uncountedSize: (.note, "a size of at most 1Mi is no limit", "request what the run hands over")
    case .oversize: (.error, "a size is above the memory of every node", "a smaller size, or larger stores")
    case .fixedName:
      (.error, "each run makes a claim of the same name", "put the run's name into it, or use a template")
    case .caching:
      (.error, "caching is on for a step that needs a volume of the run", "switch caching off for the step")
    case .writableReader: (.note, "a step that only reads can write", "readOnly: true where the pod names the claim")
    case .accessMode: (.error, "an access mode contradicts the steps", "ReadWriteMany")
    case .undeleted:
      (.warning, "nothing deletes a claim that each run makes", "an owner reference, an exit handler or a template")
    case .path:
      (
        .error, "an object's path is below no mount of Vineyard, or steps mount it at different paths",
        "the same mountPath in every step"
      )
    case .heldByPods: (.warning, "pods that have ended keep a deleted claim", "podGC, or a time to live of the run")
    case .subPath:
      (.error, "a mount has a subPath, and a volume no directories", "put it into the paths of the objects")
    case .podVolumeHandover:
      (.warning, "pods hand data over in volumes that each has for itself", "a claim of the run")
    case .skippedDeletion: (.warning, "a failure skips the deletion of a claim", "an exit handler")
    case .privileged: (.note, "a privileged container mounts Vineyard", "leave it out: no step needs it")
    case .placement: (.warning, "steps with one claim can never run on one node", "the same nodes for all steps")
    case .client:
      (.warning, "an image of a language alone has no client", "an image with the package vineyard, or install it")
    case .malformed:
      (
        .error, "a file is no YAML, a document lacks what its kind must have, or tasks wait for what never ends",
        "see the message"
      )
    }
  }
}

/// A rule: a function from what the files say to findings.
struct Rule: Sendable {
  let id: RuleID
  let check: @Sendable (Model) -> [Finding]

  /// All rules, in the order of their codes.
  static let all: [Rule] =
    classRules + sizeRules + [.fixedName, .caching] + accessRules + [.undeleted] + pathRules
    + [
      .heldByPods, .podVolumeHandover, .skippedDeletion, .privileged, .placement, .client,
      .malformed,
    ]

  static let malformed = Rule(id: .malformed) { $0.problems }
}
