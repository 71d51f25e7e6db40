import KubernetesObjects
import Support

extension VineyarddSpec {
  /// Checks every field and their combinations.
  ///
  /// - Throws: `ProgramError` with code `usage` for the first that makes no sense.
  public func validate() throws {
    try validateNames()
    try checkFields()
    guard etcd.storageClassName == nil || etcd.storageSize != nil else {
      throw ProgramError(.usage, "a storage class for etcd without a size", hint: "give the size of the claim too")
    }
    try store.validate()
    try validateVolumes()
  }

  /// Checks fields that cannot be changed once a cluster exists.
  ///
  /// - Throws: `ProgramError` with code `usage`.
  public func validateChange(from old: VineyarddSpec) throws {
    guard etcdReplicas >= old.etcdReplicas else {
      throw ProgramError(
        .usage, "the number of etcd members cannot be lowered", cause: "it is \(old.etcdReplicas)",
        hint: "make a new cluster")
    }
    guard etcd.storageSize == old.etcd.storageSize, etcd.storageClassName == old.etcd.storageClassName else {
      throw ProgramError(.usage, "the storage of etcd cannot be changed", hint: "make a new cluster")
    }
  }

  private func validateNames() throws {
    // The longest label made of it is a revision of the etcd StatefulSet: -etcd- and ten characters.
    try Rule.name(name, "cluster name", limit: 47, beginsWithLetter: true)
    try Rule.name(namespace, "namespace")
    guard instanceLabel.utf8.count <= 63 else {
      throw Rule.invalid(
        "cluster name", name, "with its namespace it has \(instanceLabel.utf8.count) characters, 63 are possible",
        hint: "choose a shorter name or namespace")
    }
  }

  private func validateVolumes() throws {
    try Rule.path(try socketDirectory(), "socket directory")
    if !volume.pvcName.isEmpty { try Rule.subdomain(volume.pvcName, "claim of the socket") }
    if !volume.mountPath.isEmpty { try Rule.path(volume.mountPath, "mount path of the socket") }
    guard volume.mountPath.isEmpty || !volume.pvcName.isEmpty else {
      throw ProgramError(.usage, "a mount path of the socket without a claim", hint: "name the claim too")
    }
    var names = VineyarddSpec.ownVolumeNames
    if !store.spill.name.isEmpty { names.append(store.spill.name) }
    for volume in volumes {
      let name = volume["name"]?.string ?? ""
      try Rule.name(name, "volume name")
      guard !names.contains(name) else {
        throw Rule.invalid("volume name", name, "there is another volume of this name", hint: "choose another name")
      }
      names.append(name)
    }
    for mount in volumeMounts {
      let name = mount["name"]?.string ?? ""
      guard names.contains(name) else {
        throw Rule.invalid(
          "volume mount", name, "there is no volume of this name", hint: "declare it among the volumes")
      }
      try Rule.path(mount["mountPath"]?.string ?? "", "mount path of volume \(name)")
    }
  }

  /// The label `app.kubernetes.io/instance` of the stores.
  public var instanceLabel: String { "\(namespace)-\(name)" }

  /// Directory of the socket on the node.
  ///
  /// - Throws: `ProgramError` with code `usage` when its template is not understood.
  public func socketDirectory() throws(ProgramError) -> String {
    try SocketTemplate.expand(store.socket, namespace: namespace, name: name)
  }

  var storeImage: ImageOptions {
    ImageOptions(image: store.image, pullPolicy: store.imagePullPolicy, registry: imageRegistry)
  }

  var etcdImage: ImageOptions {
    ImageOptions(image: etcd.image, pullPolicy: etcd.imagePullPolicy, registry: imageRegistry)
  }

  static let socketVolumeName = "vineyard-socket"
  static let sharedMemoryVolumeName = "shm"
  static let adminTokenVolumeName = "admin-token"
  static let etcdVolumeName = "etcd-certificates"
  static let peerVolumeName = "peer-certificates"
  /// The volumes that every store has, or may have.
  static let ownVolumeNames = [
    socketVolumeName, sharedMemoryVolumeName, adminTokenVolumeName, etcdVolumeName, peerVolumeName,
  ]
}

/// The directory of a socket with `{{.Namespace}}` and `{{.Name}}` in it, as the original writes it (a Go template of
/// which only these two are known).
enum SocketTemplate {
  /// The directory of one cluster.
  ///
  /// - Throws: `ProgramError` with code `usage` for anything else between braces.
  static func expand(_ template: String, namespace: String, name: String) throws(ProgramError) -> String {
    var result = ""
    var rest = template[...]
    while let brace = rest.firstIndex(of: "{") {
      result += rest[..<brace]
      rest = rest[brace...]
      guard rest.hasPrefix("{{") else {
        result.append(rest.removeFirst())
        continue
      }
      let field = rest.dropFirst(2).prefix { $0 != "}" }
      rest = rest[field.endIndex...]
      guard rest.hasPrefix("}}") else { throw unknown(template) }
      rest = rest.dropFirst(2)
      switch field.drop(while: { $0 == " " }).prefix(while: { $0 != " " }) {
      case ".Namespace": result += namespace
      case ".Name": result += name
      default: throw unknown(template)
      }
    }
    return result + rest
  }

  private static func unknown(_ template: String) -> ProgramError {
    Rule.invalid(
      "socket directory", template, "unknown template", hint: "only {{.Namespace}} and {{.Name}} stand for something")
  }
}
