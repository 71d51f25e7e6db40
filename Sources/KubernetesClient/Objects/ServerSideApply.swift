import KubernetesObjects

/// Applies objects by the server's own merge of fields (server-side apply), taking over what the original program made.
public struct ServerSideApply: Sendable {
  private let client: KubernetesClient
  private let forcesConflicts: Bool
  private let mayWrite: @Sendable () throws -> Void

  /// - Parameters:
  ///   - forcesConflicts: whether fields that another manager owns are taken over.
  ///   - mayWrite: is asked before every write; what it throws keeps the object from being written.
  public init(
    client: KubernetesClient, forcesConflicts: Bool, mayWrite: @escaping @Sendable () throws -> Void = {}
  ) {
    self.client = client
    self.forcesConflicts = forcesConflicts
    self.mayWrite = mayWrite
  }

  /// An object as the server has it after it was applied.
  public struct Outcome: Sendable {
    public let object: KubernetesObject
    public let change: Change

    public init(object: KubernetesObject, change: Change) {
      self.object = object
      self.change = change
    }
  }

  public enum Change: Sendable {
    case created
    /// Fields of the original program, or of a person who had deployed by hand, were taken over.
    case adopted
    /// The object was there, and has the fields given now; they may be those that it had.
    case applied
    /// The object was there, and is of a kind that is made once.
    case kept
  }

  /// Makes the server's object have the fields given.
  ///
  /// - Parameters:
  ///   - live: the object as it is; nil when there is none.
  ///   - willAdopt: is called before fields of the original program are taken over.
  /// - Throws: `KubernetesError`, with `isConflict` when another manager owns a field, unless forced; what `mayWrite`
  ///   throws.
  public func apply(
    _ object: KubernetesObject, over live: KubernetesObject?, willAdopt: () -> Void = {}
  ) async throws -> Outcome {
    if object.isMadeOnce {
      if let live { return Outcome(object: live, change: .kept) }
      return try await createOnce(object)
    }
    let handover = live.flatMap { FieldHandover.patch(for: $0, to: client.fieldManager) }
    if let handover {
      willAdopt()
      try mayWrite()
      _ = try await client.patch(object.reference, handover)
    }
    try mayWrite()
    let applied = try await client.apply(object, force: forcesConflicts)
    return Outcome(object: applied, change: live == nil ? .created : handover == nil ? .applied : .adopted)
  }

  /// Makes an object that holds something made of chance. With two writers at once the first one counts; applying would
  /// let the second overwrite it.
  private func createOnce(_ object: KubernetesObject) async throws -> Outcome {
    do {
      try mayWrite()
      return Outcome(object: try await client.create(object), change: .created)
    } catch let error as KubernetesError where error.isAlreadyExists {
      return Outcome(object: try await client.get(object.reference) ?? object, change: .kept)
    }
  }
}
