/// A manifest as it stands in this folder, embedded into the binary.
public struct ManifestFile: Sendable {
  /// The file's name.
  public let name: String
  /// YAML text in UTF-8.
  public let bytes: [UInt8]

  /// The namespace of an installation.
  public static var namespace: ManifestFile {
    ManifestFile(name: "namespace.yaml", bytes: PackageResources.namespace_yaml)
  }
}
