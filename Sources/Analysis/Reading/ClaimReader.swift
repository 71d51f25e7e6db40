/// Reads the fields of claims, wherever they stand.
enum ClaimReader {
  /// The specification of a PersistentVolumeClaim (core/v1).
  static func fill(_ claim: inout Claim, specification: Node?, at place: Place) {
    let start = specification?.place ?? place
    claim.storageClass = field(specification?["storageClassName"], missing: start)
    if claim.storageClass.entry?.text == "" {
      claim.storageClass = .missing(specification?["storageClassName"]?.place ?? start)
    }
    claim.size = field(specification?["resources", "requests", "storage"], missing: start)
    claim.modes = specification?["accessModes"].map(entries) ?? []
    claim.isCopy = specification?["dataSource"] != nil || specification?["dataSourceRef"] != nil
    claim.isStatic = specification?["volumeName"]?.text.map { !$0.isEmpty } ?? false
  }

  static func field(_ node: Node?, missing place: Place) -> Claim.Field {
    guard let node else { return .missing(place) }
    return node.text.map { .entry(Entry(text: $0, place: node.place)) } ?? .entry(Entry(text: "?", place: node.place))
  }

  static func entries(_ node: Node) -> [Entry] {
    if let text = node.text { return [Entry(text: text, place: node.place)] }
    return node.elements.map { Entry(text: $0.text ?? "?", place: $0.place) }
  }
}
