import KubernetesObjects

/// The specification of a custom resource.
public protocol ResourceSpec: FieldTable {
  /// Reads a resource.
  ///
  /// - Throws: `ProgramError` with code `usage` when it cannot be read.
  init(customResource: KubernetesObject) throws

  /// The resource with every setting that has a default.
  func customResource() -> KubernetesObject

  /// Checks the settings.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  func validate() throws

  /// Checks a change of the settings.
  ///
  /// - Throws: `ProgramError` with code `usage` when the settings of `old` cannot become these.
  func validateChange(from old: Self) throws

  /// Settings without effect, a line each.
  var warnings: [String] { get }

  /// The objects that the operator makes of it. Labels and owner by which it finds them again are added where they lack.
  ///
  /// - Parameters:
  ///   - namespace: of the operator.
  ///   - uid: of the resource, which owns the objects; nil for no owner.
  /// - Throws: `ProgramError` with code `usage` when the settings make no sense.
  func objects(namespace: String, uid: String?, platform: Platform) throws -> [KubernetesObject]
}

extension ResourceSpec {
  /// Allows every change.
  ///
  /// - Throws: nothing.
  public func validateChange(from old: Self) throws {}

  public var warnings: [String] { [] }

  /// Checks a resource as it is to be.
  ///
  /// - Parameter old: the resource as it was; its own mistakes do not matter.
  /// - Returns: warnings, a line each.
  /// - Throws: `ProgramError` with code `usage`.
  public static func check(_ resource: KubernetesObject, after old: KubernetesObject?) throws -> [String] {
    let spec = try Self(customResource: resource)
    try spec.validate()
    if let old, let before = try? Self(customResource: old) { try spec.validateChange(from: before) }
    return spec.warnings
  }
}
