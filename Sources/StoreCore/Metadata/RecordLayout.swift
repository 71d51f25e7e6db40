import StoreProtocol

/// Lays the fields of a new object out as text and slots, in steps.
///
/// Fields come from a document, or from a document and an object of which they replace or complete fields; both are
/// walked through side by side in the order of their keys.
struct RecordLayout {
  private let fields: [MetadataDocument.Field]
  private var nextField = 0
  private var nextLink = 0
  /// The slots of the object that is copied, or those of the store's own keys.
  private let present: [MetadataRecord.Slot]
  private var nextSlot = 0
  private let isCopy: Bool
  private(set) var record: MetadataRecord

  /// Lays out a document whose members were resolved to `links`, in the order of the fields.
  init(_ record: MetadataRecord, _ document: MetadataDocument, links: [MemberLink]) {
    self.record = record
    self.record.links = links
    fields = document.fields
    present = MetadataRecord.serverKeys.map(\.slot)
    isCopy = false
    self.record.slots.reserveCapacity(fields.count + present.count)
    self.record.text.reserveCapacity(fields.count * 24)
  }

  /// Copies an object, with fields replaced or added; what the store keeps itself stays.
  init(copy record: MetadataRecord, replacing document: MetadataDocument) {
    self.record = record
    self.record.slots = []
    self.record.slots.reserveCapacity(record.slots.count + document.fields.count)
    fields = document.fields
    present = record.slots
    isCopy = true
  }

  /// - Returns: the object when it is complete.
  mutating func step(_ work: inout Work) -> MetadataRecord? {
    while nextField < fields.count || nextSlot < present.count {
      if work.isSpent { return nil }
      work.spend(Work.entry)
      guard nextField < fields.count else {
        takeSlot()
        continue
      }
      guard nextSlot < present.count else {
        takeField(&work)
        continue
      }
      let key = fields[nextField].key
      let order = record.withKey(of: present[nextSlot]) { other in
        other.elementsEqual(key) ? 0 : other.lexicographicallyPrecedes(key) ? -1 : 1
      }
      if order <= 0 { takeSlot(isReplaced: order == 0) } else { takeField(&work) }
    }
    return record
  }

  private mutating func takeSlot(isReplaced: Bool = false) {
    let slot = present[nextSlot]
    nextSlot += 1
    guard isReplaced else { return record.slots.append(slot) }
    switch slot {
    case .text, .link, .extra: break
    default:
      // A key the store keeps itself.
      record.slots.append(slot)
      nextField += 1
    }
  }

  private mutating func takeField(_ work: inout Work) {
    let field = fields[nextField]
    nextField += 1
    if isCopy { record.adopt(field) }
    let start = isCopy ? record.extra.count : record.text.count
    switch field.value {
    case .text(let value):
      work.spend(value.count)
      append(field.key, value)
      record.slots.append(isCopy ? .extra(start..<record.extra.count) : .text(start..<record.text.count))
    case .member:
      append(field.key, [])
      record.slots.append(.link(start..<record.text.count, nextLink))
      nextLink += 1
    }
  }

  private mutating func append(_ key: [UInt8], _ value: [UInt8]) {
    func append(to text: inout [UInt8]) {
      text.append(UInt8(ascii: "\""))
      text.append(contentsOf: key)
      text.append(UInt8(ascii: "\""))
      text.append(UInt8(ascii: ":"))
      text.append(contentsOf: value)
    }
    if isCopy { append(to: &record.extra) } else { append(to: &record.text) }
  }
}
