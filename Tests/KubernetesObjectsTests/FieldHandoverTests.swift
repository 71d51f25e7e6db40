import Testing

@testable import KubernetesObjects

/// Which objects of the original are taken over, and how.
@Suite struct FieldHandoverTests {
  private func live(_ entries: String) throws -> KubernetesObject {
    try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: Service
        metadata: {name: s, resourceVersion: '7', managedFields: [\(entries)]}
        """)
  }

  private static let kubectl = "{manager: kubectl, operation: Apply}"
  private static let updated = "{manager: vineyardctl, operation: Update, fieldsV1: {'f:spec': {}}}"

  @Test func `the entry of plain requests becomes one of server-side apply`() throws {
    let patch = FieldHandover.patch(for: try live("\(Self.kubectl), \(Self.updated)"))
    guard case .json(let operations) = patch else {
      Issue.record("no JSON patch: \(String(describing: patch))")
      return
    }
    let expected = try Value(
      yaml: """
        - op: replace
          path: /metadata/managedFields/1
          value: {manager: vineyardctl, operation: Apply, fieldsV1: {'f:spec': {}}}
        - {op: replace, path: /metadata/resourceVersion, value: '7'}
        """)
    #expect(operations == expected)
  }

  @Test(arguments: [
    "", kubectl, "{manager: vineyardctl, operation: Apply}",
    "\(updated), {manager: vineyardctl, operation: Apply}",
    "{manager: vineyardctl, operation: Update, subresource: status}",
  ])
  func `others' objects, and those taken over before, are left alone`(_ entries: String) throws {
    #expect(FieldHandover.patch(for: try live(entries)) == nil)
  }
}
