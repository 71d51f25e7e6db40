import KubernetesObjects
import Support

/// The objects of an installation, rendered from the files in `manifests/`.
public enum Manifests {
  /// API group and version of our custom resources.
  public static let apiVersion = "k8s.v6d.io/v1alpha1"
  /// The annotation of a namespace that this program made and may remove.
  public static let createdByAnnotation = "k8s.v6d.io/created-by"
  /// The annotation of a resource that may be deleted although it is in use, such as a Vineyardd; its value is `true`.
  public static let deletionAnnotation = "k8s.v6d.io/allow-deletion"
  /// The label of what a cluster spills to, whose value is `namespace.name` of the cluster.
  public static let clusterLabel = "app.vineyard.io/cluster"
  /// The value of `createdByAnnotation`, and of the label `app.kubernetes.io/managed-by`.
  public static let creator = "vineyardctl"

  /// A namespace.
  ///
  /// - Parameter isOurs: marks it as made by this program and admits privileged pods; otherwise it has a name only.
  /// - Throws: `ProgramError` with code `usage` for a name that no namespace can have.
  public static func namespace(_ name: String, isOurs: Bool) throws -> KubernetesObject {
    try Rule.name(name, "namespace")
    var documents = try ManifestDocuments(.namespace)
    try documents.edit("Namespace") { namespace in
      namespace.name = name
      if !isOurs {
        namespace.tree["metadata", "annotations"] = nil
        namespace.tree["metadata", "labels"] = nil
      }
    }
    if isOurs { documents.label() }
    return documents.objects[0]
  }

  /// The definitions of our custom resources.
  ///
  /// - Parameter image: what their images default to, with the registry that replaces those of all defaults.
  /// - Throws: `ProgramError` with code `usage` for an image that makes no sense.
  public static func customResourceDefinitions(image: ImageOptions = ImageOptions()) throws -> [KubernetesObject] {
    try image.validate("image")
    return try ResourceKind.all.sorted { $0.plural < $1.plural }.flatMap { kind in
      var documents = try ManifestDocuments(kind.definition)
      try documents.edit("CustomResourceDefinition") { definition in
        definition.tree["spec", "versions"]?.mapElements { version in
          version["schema", "openAPIV3Schema", "properties", "spec"]?.setImageDefaults(image)
        }
      }
      documents.label()
      return documents.objects
    }
  }
}

extension Value {
  /// Sets the defaults of the image fields in a schema and in those below it.
  fileprivate mutating func setImageDefaults(_ options: ImageOptions) {
    for (name, property) in self["properties"]?.fields ?? [:] {
      var property = property
      if let image = property["default"]?.string, name == "image" || name.hasSuffix("Image") {
        let isOurs = image.hasPrefix("localhost/vineyardctl:")
        let newDefault = ImageOptions(image: isOurs ? options.image : image, registry: options.registry)
        property["default"] = .string(newDefault.reference)
      }
      property.setImageDefaults(options)
      self["properties", name] = property
    }
  }
}
