import Documents

/// A manifest that is a text of another document, as steps of Argo have it.
struct EmbeddedManifest {
  let documents: [Node]
  let error: DocumentError?
  let valueCount: Int

  init(_ text: String, _ node: Node, valueLimit: Int) {
    let marked = PlaceholderMarks.insert(text)
    let read = LocatedDocuments(yaml: marked.text, valueLimit: valueLimit)
    var origin = node.origin
    origin.isInside = true
    origin.placeholders = marked.placeholders
    if let start = node.firstLine {
      origin.lines = start.line - 1
    } else {
      origin.onlyLine = node.place.line
    }
    documents = read.documents.map { Node($0, origin, path: node.path) }
    error = read.error
    valueCount = read.valueCount
  }
}
