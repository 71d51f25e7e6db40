import Support

/// The image of a container.
public struct ImageOptions: Sendable, Equatable {
  /// The image as given, such as `localhost/vineyardctl:0.1.0`.
  public var image: String
  /// `Always`, `IfNotPresent` or `Never`.
  public var pullPolicy: String
  /// The registry that replaces the image's own, with or without a path below it; nil leaves it.
  public var registry: String?

  /// Policies for pulling an image.
  static let pullPolicies = ["Always", "IfNotPresent", "Never"]

  /// The image of this program, of its own version.
  public static let vineyardctl = "localhost/vineyardctl:\(Version.product)"

  /// Whether an image is what some release of this program takes when nobody names one: `localhost/vineyardctl:1.2.3`.
  public static func isDefaultOfARelease(_ image: String) -> Bool {
    image.hasPrefix("localhost/vineyardctl:") && release(of: image) != nil
  }

  /// The release of this program in an image, `1.2.3`; nil for other images, and for tags that are no version.
  public static func release(of image: String) -> Substring? {
    guard let name = image.split(separator: "/").last, name.hasPrefix("vineyardctl:") else { return nil }
    let tag = name.dropFirst("vineyardctl:".count)
    let numbers = tag.split(separator: ".", omittingEmptySubsequences: false)
    let isVersion = numbers.count == 3 && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }
    return isVersion ? tag : nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  public init(image: String = Self.vineyardctl, pullPolicy: String = "IfNotPresent", registry: String? = nil) {
    self.image = image
    self.pullPolicy = pullPolicy
    self.registry = registry
  }

  /// The image to pull, its registry replaced.
  public var reference: String {
    guard let registry, !registry.isEmpty else { return image }
    return "\(registry.trimmingSlashes)/\(Self.path(of: image))"
  }

  /// The image without its registry: the first part is one when it has a dot, a port, or is `localhost`
  /// (OCI distribution, as Docker reads it).
  private static func path(of image: String) -> Substring {
    guard let slash = image.firstIndex(of: "/") else { return image[...] }
    let first = image[..<slash]
    guard first == "localhost" || first.contains(where: { $0 == "." || $0 == ":" }) else { return image[...] }
    return image[image.index(after: slash)...]
  }

  /// - Parameter field: what the image is called in an error.
  /// - Throws: `ProgramError` with code `usage`.
  func validate(_ field: String) throws {
    try Rule.image(image, field)
    try Rule.oneOf(Self.pullPolicies, pullPolicy, "\(field) pull policy")
    if let registry, !registry.isEmpty { try Rule.registry(registry) }
  }
}

extension String {
  fileprivate var trimmingSlashes: Substring {
    var text = self[...]
    while text.hasSuffix("/") { text.removeLast() }
    return text
  }
}
