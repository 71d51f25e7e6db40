/// Collects claims and runs of documents; links names to claims once all of them are read.
struct ModelBuilder {
  private(set) var model = Model()
  /// Claims of documents, by name.
  private var documentClaims: [String: [Int]] = [:]
  /// Names that refer to claims of documents, to be linked in the end.
  private var pending: [Pending] = []
  /// Templates can call each other so often that nobody can look at all steps; these are looked at.
  private var stepsLeft = 5_000
  /// Values that texts inside documents may have.
  private var valuesLeft = 200_000
  /// Work that may still be done: fields of templates, each time they are called, and bytes of programs.
  private var effortLeft = 10_000_000

  private struct Pending {
    let name: Entry
    let namespace: String?
    let claim: Int
  }

  mutating func report(_ place: Place, _ message: String, hint: String? = nil) {
    model.problems.append(Finding(.malformed, place, message, hint: hint))
  }

  mutating func configure(_ change: (inout Model) -> Void) { change(&model) }

  /// Adds a claim.
  ///
  /// - Returns: its index.
  mutating func add(_ claim: Claim) -> Int {
    model.claims.append(claim)
    let index = model.claims.count - 1
    if claim.maker == .document, let name = claim.name?.text { documentClaims[name, default: []].append(index) }
    return index
  }

  /// Number of claims so far; those that a run adds behind them are its own.
  var claimCount: Int { model.claims.count }

  /// Adds a run.
  ///
  /// - Parameter first: the first of the claims that it may have made.
  mutating func add(_ run: Run, claimsFrom first: Int) {
    model.runs.append(run)
    for index in first..<model.claims.count where model.claims[index].isOfRun {
      model.claims[index].run = model.runs.count - 1
    }
  }

  /// Takes one of the steps that may still be made; false when there is none left.
  mutating func takeStep() -> Bool {
    guard stepsLeft > 0 else { return false }
    stepsLeft -= 1
    return true
  }

  /// Takes some of the work that may still be done; false when there is not so much left.
  mutating func spend(_ effort: Int) -> Bool {
    guard effortLeft >= effort else { return false }
    effortLeft -= effort
    return true
  }

  /// The claim that a pod names. Which document describes it is decided in the end.
  mutating func reference(_ name: Entry, namespace: String?) -> Int {
    let claim = Claim(name: name, title: name.text, namespace: namespace, maker: .elsewhere, place: name.place)
    let index = add(claim)
    pending.append(Pending(name: name, namespace: namespace, claim: index))
    return index
  }

  /// The documents of a text inside a document.
  mutating func embedded(_ node: Node) -> EmbeddedManifest? {
    guard let text = node.string, valuesLeft > 0, spend(text.utf8.count) else { return nil }
    let manifest = EmbeddedManifest(text, node, valueLimit: valuesLeft)
    valuesLeft -= manifest.valueCount
    return manifest
  }

  /// The model, once all documents are read.
  mutating func finish() -> Model {
    var targets: [Int: Int] = [:]
    var shared: [String: Int] = [:]
    for reference in pending {
      if let found = document(reference.name.text, reference.namespace) {
        targets[reference.claim] = found
      } else if !reference.name.isOpen {
        let key = "\(reference.namespace ?? "")/\(reference.name.text)"
        targets[reference.claim] = shared[key] ?? reference.claim
        shared[key] = shared[key] ?? reference.claim
      }
    }
    for run in model.runs.indices { model.runs[run].replaceClaims { targets[$0] ?? $0 } }
    model.connect()
    return model
  }

  /// The claim of a document; where a namespace is left open, any one does if there is only one.
  private func document(_ name: String, _ namespace: String?) -> Int? {
    let candidates = documentClaims[name] ?? []
    if let exact = candidates.first(where: { model.claims[$0].namespace == namespace }) { return exact }
    let possible = candidates.filter { namespace == nil || model.claims[$0].namespace == nil }
    return possible.count == 1 ? possible[0] : nil
  }
}
