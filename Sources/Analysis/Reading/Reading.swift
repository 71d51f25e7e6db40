/// Gives each document to the reader of its kind.
struct Reading {
  /// Documents of kinds that are not known.
  private(set) var skipped: [String] = []
  private var argo = ArgoReader()
  private var manifests = ManifestReader()

  mutating func read(_ documents: [Node], _ files: [String], _ builder: inout ModelBuilder) {
    for document in documents { if let kind = document["kind"]?.text { argo.collect(document, kind: kind) } }
    for (index, document) in documents.enumerated() {
      if let pipeline = KubeflowReader.pipeline(in: document) {
        let next = documents.dropFirst(index + 1).first
        let platform = next.flatMap { $0.origin.file == document.origin.file ? KubeflowReader.platform(in: $0) : nil }
        KubeflowReader.read(pipeline, platform: platform, &builder)
      } else if KubeflowReader.platform(in: document) == nil {
        readObject(document, files, &builder)
      }
    }
    manifests.finish(&builder)
  }

  private mutating func readObject(_ document: Node, _ files: [String], _ builder: inout ModelBuilder) {
    let place = document.place
    guard document.isObject else {
      return builder.report(place, "a document is no object", hint: "a manifest has apiVersion, kind and metadata")
    }
    switch document["kind"]?.text {
    case let kind? where ManifestReader.kinds.contains(kind): manifests.read(document, kind: kind, &builder)
    case let kind? where ArgoReader.kinds.contains(kind): argo.read(document, kind: kind, &builder)
    case let kind: skipped.append("\(files[place.file]):\(place.line): \(kind ?? "no kind")".shown)
    }
  }
}
