import StoreProtocol

/// A change of a session's objects or names. ``Session/apply(_:)`` is the only place that makes one.
public enum MetadataChange {
  /// Adds an object whose members were linked before.
  case put(ObjectID, MetadataRecord)
  /// Takes an object out; its links go on their own.
  case remove(ObjectID)
  /// Makes an object visible for good.
  case persist(ObjectID)
  /// Adds a label to an object or replaces the one with the same key; removes it for nil.
  case label(ObjectID, key: String, value: String?)
  /// Points a name to an object, which takes it over if it was in use.
  case name(String, ObjectID)
  /// Forgets a name.
  case unname(String)
  /// Forgets all objects and names.
  case clear
  /// Fills an empty session with the objects and names of another.
  case copy(of: Session)
  /// Notes that an object goes once nobody uses it, or that it stays.
  case supersede(ObjectID, Bool)
  /// Takes an object from the usage that lists it.
  case removeOwner(ObjectID)

  /// The object that is changed; nil when none is in particular.
  var object: ObjectID? {
    switch self {
    case .put(let id, _), .remove(let id), .persist(let id), .label(let id, _, _), .name(_, let id),
      .supersede(let id, _), .removeOwner(let id):
      id
    case .unname, .clear, .copy: nil
    }
  }

  /// Whether it can be taken back.
  var isRefusable: Bool {
    switch self {
    case .clear, .copy: false
    default: true
    }
  }
}

/// Step that takes a ``MetadataChange`` back.
enum MetadataUndo {
  /// No step: nothing was changed, or it cannot be taken back.
  case nothing
  /// Takes an object out that was put.
  case remove(ObjectID)
  /// Puts an object back, without its links.
  ///
  /// - isFirst: whether members of global objects with its signature resolve to it.
  case restore(ObjectID, MetadataRecord, isFirst: Bool)
  /// Makes an object transient again.
  case hide(ObjectID)
  /// Gives a label the value it had; nil when there was none.
  case label(ObjectID, key: String, value: String?)
  case name(NameUndo)
  case supersede(ObjectID, Bool)
  case owner(ObjectID, VolumeUsage)

  /// The object that a removal has taken out.
  var removed: MetadataRecord? {
    guard case .restore(_, let record, _) = self else { return nil }
    return record
  }

  /// The object that a name was taken from.
  var formerTarget: ObjectID? {
    guard case .name(let undo) = self else { return nil }
    return undo.former?.id
  }
}

/// State of a name before a change: the object it led to, and the name that each of its objects showed.
struct NameUndo {
  let name: String
  /// The object it leads to; nil when it was forgotten.
  let target: ObjectID?
  /// The name shown by the target.
  let shownByTarget: String?
  /// The entry it had; nil when it was new.
  let former: NameTable.Entry?
  /// The name shown by the object of that entry.
  let shownByFormer: String?
}
