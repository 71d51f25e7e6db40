import KubernetesObjects
import Logging
import Support

/// Reading all objects of a type.
extension KubernetesClient {
  /// Objects a page holds at most.
  private static let pageSize = 500

  /// The objects of a type.
  ///
  /// - Parameters:
  ///   - namespace: nil for every namespace.
  ///   - labels: a label selector, for instance `app=vineyard,tier!=test`.
  ///   - fields: a field selector, for instance `spec.nodeName=node-1`.
  /// - Throws: `KubernetesError` with `isUnknownKind` when the server has no such type.
  public func list(
    _ type: ObjectType, namespace: String? = nil, labels: String? = nil, fields: String? = nil
  ) async throws -> ObjectList {
    let selection = Selection(type: type, namespace: namespace, labels: labels, fields: fields)
    let resource = try await existingResource(for: type, selection.operation("list"))
    return try await list(selection, resource)
  }

  /// A result of all objects of a type, of which no more than a page is kept at a time.
  ///
  /// - Throws: `KubernetesError`, as `list`.
  public func reduce<Result>(
    _ type: ObjectType, namespace: String? = nil, labels: String? = nil, fields: String? = nil,
    into initial: Result, _ add: (inout Result, KubernetesObject) throws -> Void
  ) async throws -> Result {
    let selection = Selection(type: type, namespace: namespace, labels: labels, fields: fields)
    let operation = selection.operation("list")
    let resource = try await existingResource(for: type, operation)
    for pageSize in [Self.pageSize, Self.pageSize, nil] {
      var result = initial
      var next: String?
      do {
        repeat {
          let page = try await page(selection, resource, size: pageSize, after: next)
          for item in page["items"]?.array ?? [] { try add(&result, KubernetesObject(item, completedWith: type)) }
          next = page["metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while next != nil
        return result
      } catch let error as KubernetesError where error.isExpired && next != nil {
        log.debug("\(operation): the next page has expired, starting again")
      }
    }
    throw malformed("its pages expire while they are read", operation)
  }

  func list(_ selection: Selection, _ resource: APIResource) async throws -> ObjectList {
    // A token can expire again while the pages of the second try are read; then one page has to do.
    for pageSize in [Self.pageSize, Self.pageSize, nil] {
      if let list = try await pages(selection, resource, size: pageSize) { return list }
    }
    throw malformed("its pages expire while they are read", selection.operation("list"))
  }

  /// - Returns: nil when a page after the first is no longer there.
  private func pages(_ selection: Selection, _ resource: APIResource, size: Int?) async throws -> ObjectList? {
    let operation = selection.operation("list")
    var items: [KubernetesObject] = []
    var next: String?
    repeat {
      let page: Value
      do {
        page = try await self.page(selection, resource, size: size, after: next)
      } catch let error as KubernetesError where error.isExpired && next != nil {
        log.debug("\(operation): the next page has expired, starting again")
        return nil
      }
      guard let version = page["metadata", "resourceVersion"]?.string else {
        throw malformed("it is no list", operation)
      }
      items += (page["items"]?.array ?? []).map { KubernetesObject($0, completedWith: selection.type) }
      next = page["metadata", "continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
      if next == nil { return ObjectList(items: items, resourceVersion: version) }
    } while true
  }

  private func page(
    _ selection: Selection, _ resource: APIResource, size: Int?, after next: String?
  ) async throws -> Value {
    let path = selection.path(resource).setting("limit", size.map { String($0) }).setting("continue", next)
    let operation = selection.operation("list")
    let page = try await send(APICall(path, operation))
    guard page["items"] != nil else { throw malformed("it is no list", operation) }
    return page
  }
}

/// The objects a list or a watch is about.
struct Selection: Sendable {
  let type: ObjectType
  let namespace: String?
  let labels: String?
  let fields: String?

  func path(_ resource: APIResource) -> APIPath {
    APIPath(resource, namespace: namespace).setting("labelSelector", labels).setting("fieldSelector", fields)
  }

  func operation(_ verb: String) -> Operation {
    Operation(verb, "\(type.kind) objects\(namespace.map { " in namespace \($0)" } ?? "")")
  }
}

extension KubernetesObject {
  /// Gives an element of a list the type that servers leave out.
  init(_ element: Value, completedWith type: ObjectType) {
    self.init(element)
    guard var fields = element.fields else { return }
    if fields["kind"] == nil { fields.updateValue(.string(type.kind), forKey: "kind", insertingAt: 0) }
    if fields["apiVersion"] == nil {
      fields.updateValue(.string(type.apiVersion), forKey: "apiVersion", insertingAt: 0)
    }
    tree = .object(fields)
  }
}
