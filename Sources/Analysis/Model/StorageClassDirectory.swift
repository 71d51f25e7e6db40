import KubernetesObjects
import Support

/// The storage classes that are known, and the form of those that the driver makes: `NAMESPACE.NAME.csi`.
struct StorageClassDirectory: Sendable {
  /// The provisioner of Vineyard's classes.
  static let driver = "csi.vineyard.v6d.io"
  /// The class that the first commands of the documentation make.
  static let usual = "vineyard-system.vineyardd-sample.csi"

  /// Classes whose driver is known: whether it is Vineyard's.
  private var known: [String: Bool] = [:]
  /// Classes whose volumes have another limit than the request, or none.
  private var ownQuotas: Set<String> = []
  /// Whether the default class is of Vineyard; nil when the default class is not known.
  private(set) var isDefaultVineyard: Bool?
  /// Whether the known classes are all there are.
  private(set) var isComplete = false

  enum Verdict: Sendable {
    case vineyard, misspelt, other, unknown
  }

  /// Adds a class of Vineyard by its name alone.
  mutating func add(_ name: String) { known[name] = true }

  /// Adds a StorageClass.
  ///
  /// - Parameter quota: its parameter of that name.
  mutating func add(_ name: String, provisioner: String, isDefault: Bool, quota: String? = nil) {
    let isVineyard = provisioner == Self.driver
    known[name] = isVineyard
    if isDefault { isDefaultVineyard = isVineyard }
    if let quota, !quota.isEmpty, quota.lowercased() != "request" { ownQuotas.insert(name) }
  }

  /// Whether the volumes of a class have another limit than what their claims request.
  func hasOwnQuota(_ name: String) -> Bool { ownQuotas.contains(name) }

  /// Adds all classes of a cluster.
  mutating func addCluster(_ classes: [KnownCluster.StorageClass]) {
    for each in classes { add(each.name, provisioner: each.provisioner, isDefault: each.isDefault, quota: each.quota) }
    isComplete = true
  }

  /// Judges a name.
  ///
  /// - Parameter isUsed: whether steps use its claim as one of Vineyard.
  func verdict(on name: String, isUsed: Bool) -> Verdict {
    if let isVineyard = known[name] { return isVineyard ? .vineyard : .other }
    if isComplete && (isUsed || Self.hasForm(name)) { return .misspelt }
    if Self.hasForm(name) { return name == Self.usual || twin(of: name) == nil ? .vineyard : .misspelt }
    return isLike(name, isUsed: isUsed) ? .misspelt : .unknown
  }

  /// Whether a name is of the form `NAMESPACE.NAME.csi`.
  static func hasForm(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && parts[2] == "csi" && parts.allSatisfy { isLabel($0) }
  }

  /// A class of Vineyard that somebody may have meant by a name, nil when there is none.
  func suggestion(for name: String) -> String? {
    let candidates = known.filter(\.value).map(\.key).sorted() + (isComplete ? [] : [Self.usual])
    if let near = nearest(to: name, in: candidates) { return near }
    // NAMESPACE/NAME is how --clusters names a cluster.
    let parts = name.split { $0 == "/" || $0 == "." || $0 == ":" }.filter { $0 != "csi" }
    guard parts.count == 2 || parts.count == 3, parts.prefix(2).allSatisfy({ Self.isLabel($0) }) else { return nil }
    let guess = "\(parts[0]).\(parts[1]).csi"
    return guess == name || isComplete ? nil : guess
  }

  /// A known class that is one letter away; numbered names are no mistakes of each other.
  private func twin(of name: String) -> String? {
    let candidates = known.filter(\.value).map(\.key) + [Self.usual]
    return candidates.sorted().first { candidate in
      guard let letters = OneEdit.letters(from: candidate, to: name) else { return false }
      return !letters.contains { $0.isNumber }
    }
  }

  /// Whether a name that is none of the form is like one.
  private func isLike(_ name: String, isUsed: Bool) -> Bool {
    guard name.contains(where: { $0 == "." || $0 == "/" || $0 == ":" }) else { return false }
    return name.lowercased().firstRange(of: "vineyard") != nil || (isUsed && name.hasSuffix(".csi"))
  }

  private static func isLabel(_ text: Substring) -> Bool {
    guard (1...63).contains(text.utf8.count), text.utf8.first != dash, text.utf8.last != dash else { return false }
    return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == dash }
  }

  private static let dash = UInt8(ascii: "-")
}

/// Names that one letter tells apart.
enum OneEdit {
  /// The letters that differ between two names of which one comes of the other by adding, leaving out, replacing or
  /// swapping one; nil for other names.
  static func letters(from left: String, to right: String) -> [Character]? {
    let (left, right) = (Array(left), Array(right))
    guard left != right, abs(left.count - right.count) <= 1 else { return nil }
    let start = zip(left, right).prefix { $0 == $1 }.count
    let (restLeft, restRight) = (left[start...], right[start...])
    switch left.count - right.count {
    case 1: return restLeft.dropFirst().elementsEqual(restRight) ? [left[start]] : nil
    case -1: return restRight.dropFirst().elementsEqual(restLeft) ? [right[start]] : nil
    default:
      if restLeft.dropFirst().elementsEqual(restRight.dropFirst()) { return [left[start], right[start]] }
      guard restLeft.count > 1, left[start] == right[start + 1], left[start + 1] == right[start],
        restLeft.dropFirst(2).elementsEqual(restRight.dropFirst(2))
      else { return nil }
      return [left[start], right[start]]
    }
  }
}
