/// What becomes of an object when the name that led to it is given to another.
public enum OverwritePolicy: String, Sendable, CaseIterable {
  /// It is deleted once no name, object or client uses it.
  case delete
  /// It stays, as in the original.
  case keep
}

/// What becomes of the bytes of deleted blobs that clients were given.
public enum DeletedMemoryPolicy: String, Sendable, CaseIterable {
  /// They stay until these clients give them up.
  case keep
  /// The ones deleted longest ago are used again when an allocation would be refused otherwise.
  case reuse
}
