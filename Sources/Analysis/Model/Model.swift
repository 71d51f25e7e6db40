/// What files say about claims and about the steps that use them, whichever of the three inputs they are.
struct Model: Sendable {
  var claims: [Claim] = []
  var runs: [Run] = []
  var classes = StorageClassDirectory()
  /// Mistakes that readers have found: texts that are no YAML, documents that lack something.
  var problems: [Finding] = []
  /// Bytes of memory of the largest node, nil when it is not known.
  var nodeMemory: UInt64?
  /// The uses of each claim.
  private(set) var uses: [[Use]] = []
  private var kinships: [Kinship] = []
  private var claimsOfRuns: [[Int]] = []

  /// A claim in a container of a step.
  struct Use: Sendable {
    let run: Int
    let step: Int
    let container: Int
    let mount: Mount
  }

  /// Whether a claim is of Vineyard.
  enum Kinship: Sendable {
    /// Its class says so.
    case vineyard
    /// Its class is nearly one of Vineyard.
    case misspelt
    /// It has no class, or nothing is known about it, and steps use it as if it were of Vineyard.
    case meant
    /// Nothing is known about it.
    case unknown
    /// It is of another driver.
    case other
  }

  func kinship(_ claim: Int) -> Kinship { kinships[claim] }

  /// Whether the rules about volumes of Vineyard hold for a claim.
  func isVineyard(_ claim: Int) -> Bool {
    switch kinships[claim] {
    case .vineyard, .misspelt, .meant: true
    case .unknown, .other: false
    }
  }

  /// Claims of Vineyard with their index.
  var vineyardClaims: [(index: Int, claim: Claim)] {
    claims.enumerated().filter { isVineyard($0.offset) }.map { (index: $0.offset, claim: $0.element) }
  }

  func step(_ use: Use) -> Step { runs[use.run].steps[use.step] }
  func container(_ use: Use) -> Container { runs[use.run].steps[use.step].containers[use.container] }

  /// The steps of a run that use a claim, each once, in the order of the file.
  func steps(using claim: Int, run: Int) -> [Step] {
    var seen: Set<Int> = []
    return uses[claim].filter { $0.run == run && seen.insert($0.step).inserted }.map { step($0) }
  }

  /// The claims that a run makes.
  func claims(of run: Int) -> [Int] { claimsOfRuns[run] }

  /// The runs in which a claim is used.
  func runs(using claim: Int) -> [Int] {
    uses[claim].map(\.run).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  /// Collects uses and decides which claims are of Vineyard; called once everything is read.
  mutating func connect() {
    uses = claims.map { _ in [] }
    claimsOfRuns = runs.map { _ in [] }
    for (index, claim) in claims.enumerated() { if let run = claim.run { claimsOfRuns[run].append(index) } }
    for (run, content) in runs.enumerated() {
      for (step, content) in content.steps.enumerated() {
        runs[run].steps[step].judgePrograms()
        for (container, content) in content.containers.enumerated() {
          for mount in content.mounts {
            guard let claim = mount.claim else { continue }
            uses[claim].append(Use(run: run, step: step, container: container, mount: mount))
          }
        }
      }
    }
    kinships = claims.indices.map { decide($0) }
  }

  private func decide(_ index: Int) -> Kinship {
    let claim = claims[index]
    if claim.namesDriver { return .vineyard }
    if claim.isStatic { return .unknown }
    let isMeant = uses[index].contains { isEvident($0, claim) }
    switch claim.storageClass {
    case .entry(let name) where name.isOpen: return isMeant ? .meant : .unknown
    case .entry(let name):
      switch classes.verdict(on: name.text, isUsed: isMeant) {
      case .vineyard: return .vineyard
      case .misspelt: return .misspelt
      case .other: return .other
      case .unknown: return isMeant ? .meant : .unknown
      }
    case .missing:
      if let isDefault = classes.isDefaultVineyard { return isDefault ? .vineyard : isMeant ? .meant : .other }
      return isMeant ? .meant : .unknown
    case .unknown: return isMeant ? .meant : .unknown
    }
  }

  /// Whether a step uses a claim as one uses Vineyard: objects' paths are below its mount, the mount path names
  /// Vineyard, or the claim does, in a step that does.
  private func isEvident(_ use: Use, _ claim: Claim) -> Bool {
    if !use.mount.paths.isEmpty { return true }
    let parts = use.mount.path.split(separator: "/")
    if parts.contains(where: { $0.lowercased() == "vineyard" }) { return true }
    return container(use).use.isMentioned && claim.title.lowercased().firstRange(of: "vineyard") != nil
  }
}

extension Model {
  /// The runs to which a claim belongs: the one that makes it, else those that mount it.
  func runs(of claim: Int) -> [Int] { claims[claim].run.map { [$0] } ?? runs(using: claim) }
}
