import StoreProtocol

/// Frees documents that nobody uses any more, field by field.
public struct DocumentDisposal: StoreTask {
  public typealias Failure = Never

  private var documents: [MetadataDocument]

  public init(_ documents: [MetadataDocument]) { self.documents = documents }

  public mutating func step(_ store: Store) -> Void? {
    while var document = documents.popLast() {
      while let field = document.fields.popLast() {
        store.work.spend(Work.entry)
        if case .member(let member) = field.value { documents.append(member) }
        if store.work.isSpent {
          documents.append(document)
          return nil
        }
      }
    }
    return ()
  }
}

/// Frees labels of objects that are gone.
struct LabelDisposal: StoreTask {
  var labels: SortedTable<ExactText, String>

  mutating func step(_ store: Store) -> Void? {
    while labels.dropLeaf() {
      store.work.spend(64 * Work.entry)
      if store.work.isSpent { return nil }
    }
    return ()
  }
}

extension Store {
  /// Frees an object that was taken out of its table, one with many labels in steps.
  func discard(_ record: consuming MetadataRecord) {
    work.spend(record.textBytes / Self.bytesFreedPerUnit)
    guard record.labels.count > SortedTable<ExactText, String>.leafCapacity else { return }
    reclaimLater(LabelDisposal(labels: record.labels))
  }

  /// Bytes that the system takes back in a nanosecond.
  static let bytesFreedPerUnit = 16
}
