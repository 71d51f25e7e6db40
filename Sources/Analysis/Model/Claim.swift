/// A text of a file and its place.
struct Entry: Sendable {
  let text: String
  let place: Place

  /// Whether it depends on a placeholder.
  var isOpen: Bool { Placeholders.isOpen(text) }
}

/// A claim for a volume, or a volume without one, as files describe it.
struct Claim: Sendable {
  /// The way in which it comes to be, which decides on how long it lives.
  enum Maker: Sendable, Equatable {
    /// A document of its own.
    case document
    /// A step of each run.
    case step(isOwned: Bool)
    /// Whoever controls the run, from a template.
    case template
    /// Kubernetes, one for each pod (`volumeClaimTemplates` of a StatefulSet).
    case statefulSet
    /// Kubernetes, for one pod (`ephemeral`).
    case pod
    /// The driver, for one pod (`csi`).
    case inline
    /// Somebody else: it is only named here.
    case elsewhere
  }

  /// A field that may be missing.
  enum Field: Sendable {
    case entry(Entry)
    /// Missing; the place is where it should be.
    case missing(Place)
    /// Nothing is known about it.
    case unknown

    var entry: Entry? {
      if case .entry(let entry) = self { return entry }
      return nil
    }
  }

  /// The name, with placeholders; nil where each has another one.
  var name: Entry?
  /// The name that people know it by.
  let title: String
  var namespace: String?
  let maker: Maker
  /// The run that makes it.
  var run: Int?
  /// Where it is described.
  let place: Place
  var storageClass = Field.unknown
  var size = Field.unknown
  /// Access modes; nil when nothing is known about them.
  var modes: [Entry]?
  /// Whether it is made of a snapshot or another claim.
  var isCopy = false
  /// Whether it is bound to a volume that somebody made.
  var isStatic = false
  /// Whether it is certain that it is of Vineyard: an inline volume names the driver.
  var namesDriver = false

  /// Whether each run makes it anew, so that its data goes with the run.
  var isOfRun: Bool {
    switch maker {
    case .step, .template: true
    default: false
    }
  }

  /// Whether each pod has its own.
  var isOfPod: Bool { maker == .pod || maker == .inline || maker == .statefulSet }
}
