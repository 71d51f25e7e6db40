import StoreProtocol

/// Finds the objects whose type name matches, in ascending order of the ids, then the sealed blobs when the pattern, as
/// a wildcard, matches theirs.
public struct ObjectListing: StoreTask {
  private let session: Session
  private let limit: Int
  private let pattern: TextPattern
  private var matcher: Matcher
  private var next: ObjectID? = ObjectID(0)
  private var nextBlob: ObjectID?
  private var found: [ObjectID] = []

  public init(_ pattern: TextPattern, limit: UInt64, in session: Session) {
    self.pattern = pattern
    self.limit = Int(clamping: limit)
    self.session = session
    matcher = Matcher(pattern)
  }

  /// - Throws: invalid when the pattern takes too much work.
  public mutating func step(_ store: Store) throws(StoreError) -> [ObjectID]? {
    if found.count == limit { return found }
    if let first = next {
      for (id, record) in session.metadata.records.entries(from: first) {
        if store.work.isSpent { return nil }
        guard let isMatch = try matcher.matches(record.typename, &store.work) else { return nil }
        if isMatch { found.append(id) }
        if found.count == limit { return found }
        next = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
      }
      next = nil
      if WildcardPattern(pattern.text).matches("vineyard::Blob") { nextBlob = ObjectID(0) }
    }
    guard let first = nextBlob else { return found }
    for (id, blob) in session.blobs.entries(from: first) {
      if store.work.isSpent { return nil }
      store.work.spend(32)
      if blob.isSealed, blob.copy == nil { found.append(id) }
      if found.count == limit { return found }
      nextBlob = id.rawValue == .max ? nil : ObjectID(id.rawValue + 1)
    }
    return found
  }
}

/// Finds the names that match and their objects, in ascending order of the stored names.
public struct NameListing: StoreTask {
  private let session: Session
  private let limit: Int
  private var matcher: Matcher
  /// The name to go on with.
  private var next = ""
  private var found: [(name: String, id: ObjectID)] = []

  public init(_ pattern: TextPattern, limit: UInt64, in session: Session) {
    self.limit = Int(clamping: limit)
    self.session = session
    matcher = Matcher(pattern)
  }

  /// - Throws: invalid when the pattern takes too much work.
  public mutating func step(_ store: Store) throws(StoreError) -> [(name: String, id: ObjectID)]? {
    if found.count >= limit { return found }
    for (name, id) in session.names.ascending(from: next) {
      if store.work.isSpent {
        next = name
        return nil
      }
      guard let isMatch = try matcher.matches(name, &store.work) else {
        next = name
        return nil
      }
      if isMatch { found.append((name, id)) }
      if found.count >= limit { break }
    }
    return found
  }
}

/// Matches texts against a pattern, within a budget of work that is proportional to the length of the texts.
struct Matcher {
  /// Steps that a listing may take in any case, and how many more each byte of a text allows.
  private static let stepsAtLeast = 1 << 20
  private static let stepsPerByte = 256
  /// Units of work that a step counts, and steps that are taken before the clock is looked at again.
  private static let workPerStep = 8
  private static let stepsAtOnce = 1024
  private static let rememberedVerdicts = 1024

  private let begin: (String) -> TextMatch
  private var verdicts: [ExactText: Bool] = [:]
  private var allowance = stepsAtLeast
  /// The text whose match rests.
  private var resting: (text: ExactText, match: TextMatch)?

  init(_ pattern: TextPattern) { begin = pattern.matcher() }

  /// Matches a text, or goes on with it when it is the one whose match rests.
  ///
  /// - Returns: whether it matches, nil when the work allowed is spent first.
  /// - Throws: invalid when the pattern takes too much work.
  mutating func matches(_ text: String, _ work: inout Work) throws(StoreError) -> Bool? {
    var match: TextMatch
    if let resting, resting.text == ExactText(text) {
      match = resting.match
    } else {
      work.spend(Work.entry)
      if text.utf8.count <= Self.shortText, let verdict = verdicts[ExactText(text)] { return verdict }
      allowance += text.utf8.count * Self.stepsPerByte
      match = begin(text)
    }
    resting = nil
    var steps = min(allowance, max(work.rest / Self.workPerStep, Self.stepsAtOnce))
    let before = steps
    let verdict = match.advance(steps: &steps)
    work.spend((before - steps) * Self.workPerStep)
    allowance -= before - steps
    if let verdict {
      if text.utf8.count <= Self.shortText, verdicts.count < Self.rememberedVerdicts {
        verdicts[ExactText(text)] = verdict
      }
      return verdict
    }
    guard allowance > 0 else {
      throw StoreError(
        .invalid, "the pattern takes too much work on a text of \(text.utf8.count) bytes: choose a simpler one")
    }
    resting = (ExactText(text), match)
    return nil
  }

  /// Bytes of the longest text whose verdict is remembered.
  private static let shortText = 256
}
