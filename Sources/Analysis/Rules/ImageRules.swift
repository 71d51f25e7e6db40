/// Rules about images.
extension Rule {
  /// Images of which it is known that the client is not in them, as far as their names say it.
  private static let bare: Set<String> = [
    "python", "pypy", "debian", "ubuntu", "alpine", "continuumio/miniconda3", "continuumio/anaconda3",
    "pytorch/pytorch", "tensorflow/tensorflow",
  ]

  static let client = Rule(id: .client) { model in
    model.runs.flatMap(\.steps).flatMap(\.containers).compactMap { container in
      guard let image = container.image, container.use.importsClient, !container.use.mayInstallClient,
        bare.contains(repository(image.text))
      else { return nil }
      return Finding(
        .client, image.place,
        "\(container.name.quoted) imports vineyard, which image \(image.text.quoted) does not have and nothing installs",
        hint: "packages_to_install=[\"vineyard\"], pip install vineyard, or another image")
    }
  }

  /// The name of an image on Docker Hub without tag and digest: `python` for `docker.io/library/python:3.12`.
  private static func repository(_ image: String) -> String {
    var name = image.prefix { $0 != "@" }
    for prefix in ["docker.io/", "index.docker.io/", "library/"] where name.hasPrefix(prefix) {
      name = name.dropFirst(prefix.count)
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard let last = parts.last else { return "" }
    return (parts.dropLast() + [last.prefix { $0 != ":" }]).joined(separator: "/")
  }
}
