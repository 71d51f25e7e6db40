/// What runs together: the steps of a workflow or pipeline, or the pods of plain manifests.
struct Run: Sendable {
  enum Kind: Sendable {
    case argo, kubeflow, manifests
  }

  let kind: Kind
  /// Whether it can be started again and again.
  var isRepeated = false
  var steps: [Step] = []
  var order = Order()
  /// Tasks that delete claims.
  var deletions: [Deletion] = []
  /// Tasks with caching that make or delete claims.
  var cachedTasks: [CachedTask] = []
  /// Whether pods that have ended are deleted, or the run with them.
  var removesPods = false
  /// Whether claims of templates go when the run has failed, or with the run.
  var keepsTemplatesAfterFailure = false
  /// Whether at most one pod runs at a time.
  var isSerial = false
  /// Whether all of it was seen: a task may call templates that are not in the files.
  var isComplete = true
}

/// A task that deletes a claim.
struct Deletion: Sendable {
  /// The claim; nil when nothing tells which.
  let claim: Int?
  let place: Place
  /// Whether it does not run after a step has failed.
  let isSkippedByFailure: Bool
}

/// A task that makes or deletes a claim, with caching switched on.
struct CachedTask: Sendable {
  let claim: Int
  let name: String
  /// Where caching is switched on.
  let place: Place
}

/// A pod of a run, or a template of pods.
struct Step: Sendable {
  let name: String
  let place: Place
  var containers: [Container] = []
  /// Where caching is switched on, nil when it is off.
  var caching: Place?
  /// Whether several of it may run side by side.
  var isParallel = false
  /// Whether it never ends by itself.
  var isService = false
  var placement = Placement()
  /// Its nodes in the order of the run; nil when its place there is not known.
  var position: (begin: Int, end: Int)?
  /// Whether its mounts can be made read-only.
  var canMountReadOnly = true

  /// Whether all of its programs that use Vineyard read only, as far as they can be seen.
  private(set) var onlyReads = false

  /// Looks at what its programs do, once all of them are there.
  mutating func judgePrograms() {
    let uses = containers.map(\.use).filter(\.isSeen)
    onlyReads =
      !uses.isEmpty && uses.allSatisfy { !$0.reads.isEmpty && $0.writes.isEmpty && !$0.mayWrite }
      && containers.allSatisfy { $0.use.isSeen || $0.mounts.allSatisfy { $0.claim == nil } }
  }
}

/// A container of a step.
struct Container: Sendable {
  let name: String
  var image: Entry?
  var mounts: [Mount] = []
  var use = VineyardUse()
  /// Where it is made privileged.
  var privileged: Place?

  /// More mounts are not looked at.
  static let mountLimit = 50

  /// Paths of the program that are below no mount.
  private(set) var strayPaths: [PathUse] = []

  /// Gives each path of the program to the mount that it is on, the deepest of several.
  mutating func locatePaths() {
    let written = use.writes.count
    for (index, path) in use.paths.enumerated() {
      let below = mounts.map { path.isBelow($0.path) }
      let covering = mounts.indices.filter { below[$0] == true }
      if let deepest = covering.max(by: { mounts[$0].path.utf8.count < mounts[$1].path.utf8.count }) {
        mounts[deepest].paths.append(path)
        if index < written, mounts[deepest].firstWrite == nil { mounts[deepest].firstWrite = path }
      } else if !below.contains(nil) {
        strayPaths.append(path)
      }
    }
  }
}

/// A volume in a container.
struct Mount: Sendable {
  /// Kinds of volumes that are no claims.
  enum Other: Sendable {
    /// One that cannot have the socket of a store: `emptyDir`, `configMap`, …
    case plain(String)
    /// One that may have it.
    case unknown
  }

  /// The claim that is mounted, nil for another kind of volume.
  var claim: Int?
  var other = Other.unknown
  let path: String
  let place: Place
  /// Where the volume is named as a source of the pod.
  let source: Place
  /// Whether the pod may only read the claim; the field of the mount alone does not keep it from writing.
  var isReadOnly = false
  var subPath: Place?
  /// Paths on it that the container's program names.
  var paths: [PathUse] = []
  /// The first of them that it writes.
  var firstWrite: PathUse?
}

/// Nodes that a step may run on, as its selector and its required affinity say.
struct Placement: Sendable, Equatable {
  var allowed: [String: Set<String>] = [:]
  var excluded: [String: Set<String>] = [:]
  var present: Set<String> = []
  var absent: Set<String> = []

  /// The label about which two placements contradict each other; nil when a node can suit both.
  func conflict(with other: Placement) -> String? {
    let keys = Set(allowed.keys).union(present).union(absent).union(other.allowed.keys).union(other.present)
      .union(other.absent)
    return keys.sorted().first { key in
      Self.contradicts(self, other, key) || Self.contradicts(other, self, key)
    }
  }

  private static func contradicts(_ left: Placement, _ right: Placement, _ key: String) -> Bool {
    let asks = left.allowed[key] != nil || left.present.contains(key)
    if asks && right.absent.contains(key) { return true }
    guard let allowed = left.allowed[key] else { return false }
    if let others = right.allowed[key], allowed.isDisjoint(with: others) { return true }
    return allowed.isSubset(of: right.excluded[key] ?? [])
  }
}

extension Run {
  /// Links the mounts whose claim is only named to the claims that the run makes.
  mutating func relink(_ claims: [String: Int], _ model: Model) {
    replaceClaims { claim in
      guard model.claims[claim].maker == .elsewhere, let name = model.claims[claim].name?.text else { return claim }
      return claims[name] ?? claim
    }
  }

  /// Replaces the claim of each mount.
  mutating func replaceClaims(_ replacement: (Int) -> Int) {
    for step in steps.indices {
      for container in steps[step].containers.indices {
        for mount in steps[step].containers[container].mounts.indices {
          guard let claim = steps[step].containers[container].mounts[mount].claim else { continue }
          steps[step].containers[container].mounts[mount].claim = replacement(claim)
        }
      }
    }
  }
}
