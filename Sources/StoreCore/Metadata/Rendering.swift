import JSON
import StoreProtocol

/// Writes `"o…":{…}` for each of a list of ids that exists, separated by commas and without braces around.
public struct Rendering: StoreTask {
  /// An object that is being written.
  private struct Frame {
    let id: ObjectID
    let record: MetadataRecord
    var slot = 0
    /// Bytes of the slot's text that are written.
    var written = 0
    /// The label that comes next, once labels are being written.
    var label: ExactText?
    /// Whether it is shown as this store's own, since its blobs have copies here.
    var isCopied = false
    /// Whether its members may be.
    var mayBeCopied = false
  }

  /// Objects nested deeper are cut off: no message may be nested that deeply.
  private static let maximumNesting = JSONScanner.maximumDepth - 4
  /// The character with which the text of an id begins.
  private static let idPrefix = UInt8(ascii: "o")
  /// Bytes written at a time.
  private static let piece = 64 << 10

  private let ids: [ObjectID]
  private let session: Session
  private let writer: ByteWriter
  /// Whether objects of other stores are shown with the copies of their blobs.
  private let showsCopies: Bool
  private var next = 0
  private var count = 0
  private var stack: [Frame] = []

  /// - Parameter showsCopies: whether objects of other stores whose blobs have copies here are shown as this store's own,
  ///   with these; members of global objects are not.
  public init(_ ids: [ObjectID], in session: Session, into writer: ByteWriter, showsCopies: Bool = false) {
    self.showsCopies = showsCopies
    self.ids = ids
    self.session = session
    self.writer = writer
  }

  /// - Returns: how many there were.
  /// - Throws: when the writer takes no more.
  public mutating func step(_ store: Store) throws(StoreError) -> Int? {
    while true {
      while !stack.isEmpty {
        if store.work.isSpent { return nil }
        try writer.requireRoom()
        let before = writer.count
        advance(stack.count - 1, store)
        store.work.spend(32 + writer.count - before)
      }
      if next == ids.count { return count }
      if store.work.isSpent { return nil }
      store.work.spend(Work.entry)
      begin(ids[next], store)
      next += 1
    }
  }

  /// Begins with the next of the ids, if it can be read.
  private mutating func begin(_ id: ObjectID, _ store: Store) {
    if id.isBlob {
      guard let size = store.readableSize(of: id, in: session) else { return }
      writeKey(id)
      writeBlob(id, size: size, instance: store.instances.local)
    } else if session.metadata.contains(id) {
      writeKey(id)
      open(id, mayBeCopied: showsCopies, store)
    }
  }

  private mutating func writeKey(_ id: ObjectID) {
    count += 1
    writer.key(hex: id.rawValue, prefix: Self.idPrefix)
  }

  private mutating func open(_ id: ObjectID, mayBeCopied: Bool, _ store: Store) {
    guard stack.count < Self.maximumNesting, let record = session.metadata[id] else {
      writer.beginObject()
      writer.field("id", hex: id.rawValue, prefix: Self.idPrefix)
      writer.endObject()
      return
    }
    writer.beginObject()
    let isCopied = mayBeCopied && store.isElsewhere(record) && hasCopies(record, store)
    // The clients of a volume have no way to other stores but this one.
    let mayBeCopied = mayBeCopied && (!record.isGlobal || session.volume != nil)
    stack.append(Frame(id: id, record: record, isCopied: isCopied, mayBeCopied: mayBeCopied))
  }

  /// Whether all blobs of an object, those of its members not counted, have copies here.
  private func hasCopies(_ record: MetadataRecord, _ store: Store) -> Bool {
    store.work.spend(record.links.count * Work.entry)
    return record.links.allSatisfy { link in
      guard case .blob(let id) = link.target, id != .emptyBlob else { return true }
      return session.remoteCopies.contains(RemoteBlob(instance: link.instance, id: id))
    }
  }

  /// Writes the next slot of the innermost object, or a piece of it, or the object's end.
  private mutating func advance(_ top: Int, _ store: Store) {
    guard stack[top].slot < stack[top].record.slots.count else {
      writer.endObject()
      stack.removeLast()
      return
    }
    let slot = stack[top].record.slots[stack[top].slot]
    if case .labels = slot { return advanceLabels(top) }
    if case .name = slot, stack[top].record.name == nil {
      stack[top].slot += 1
      return
    }
    switch slot {
    case .text(let range): return writePiece(top, stack[top].record.text, range)
    case .extra(let range): return writePiece(top, stack[top].record.extra, range)
    case .link(let range, let index):
      writer.separate()
      append(stack[top].record.text, range)
      stack[top].slot += 1
      let link = stack[top].record.links[index]
      let mayBeCopied = stack[top].mayBeCopied
      switch link.target {
      case .blob(let blob) where stack[top].isCopied:
        let copy = session.remoteCopies[RemoteBlob(instance: link.instance, id: blob)]
        writeBlob(copy ?? blob, size: 0, instance: store.instances.local)
      case .blob(let blob): writeBlob(blob, size: 0, instance: link.instance)
      case .object(let member): open(member, mayBeCopied: mayBeCopied, store)
      case .signature(let signature, _, let fallback):
        let member = session.metadata.resolve(signature: signature, fallback: fallback)
        open(member, mayBeCopied: mayBeCopied, store)
      }
      return
    case .timestamp: writer.field("__timestamp", stack[top].record.timestamp)
    case .id: writer.field("id", hex: stack[top].id.rawValue, prefix: Self.idPrefix)
    case .instance:
      writer.field("instance_id", stack[top].isCopied ? store.instances.local : stack[top].record.instance)
    case .signature: writer.field("signature", stack[top].record.signature)
    case .transient: writer.field("transient", stack[top].record.isTransient)
    case .name: writer.field("__name", NameTable.escaped(stack[top].record.name ?? ""))
    case .labels: break
    }
    stack[top].slot += 1
  }

  private mutating func writePiece(_ top: Int, _ text: [UInt8], _ range: Range<Int>) {
    if stack[top].written == 0 { writer.separate() }
    let start = range.lowerBound + stack[top].written
    let end = min(start + Self.piece, range.upperBound)
    append(text, start..<end)
    if end == range.upperBound {
      stack[top].written = 0
      stack[top].slot += 1
    } else {
      stack[top].written = end - range.lowerBound
    }
  }

  private func append(_ text: [UInt8], _ range: Range<Int>) {
    text.withUnsafeBytes { writer.append(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// Labels are kept as a JSON document inside a JSON string.
  private mutating func advanceLabels(_ top: Int) {
    guard !stack[top].record.labels.isEmpty else {
      stack[top].slot += 1
      return
    }
    let isStart = stack[top].label == nil
    if isStart { writer.key("__labels") }
    writer.append(isStart ? "\"{" : ",")
    let text = ByteWriter(capacity: 256)
    var entries = stack[top].record.labels.entries(from: stack[top].label ?? ExactText("")).makeIterator()
    var label = entries.next()
    while let (key, value) = label, text.count < Self.piece {
      text.key(text: key.text)
      text.append(jsonString: value)
      label = entries.next()
    }
    writer.append(jsonContent: text.bytes)
    stack[top].label = label?.key
    guard label == nil else { return }
    writer.append("}\"")
    stack[top].slot += 1
  }

  private func writeBlob(_ id: ObjectID, size: UInt64, instance: UInt64) {
    writer.beginObject()
    writer.field("id", hex: id.rawValue, prefix: Self.idPrefix)
    writer.field("instance_id", instance)
    writer.field("length", size)
    writer.field("nbytes", size)
    writer.field("transient", true)
    writer.field("typename", literal: "vineyard::Blob")
    writer.endObject()
  }
}

extension Store {
  /// Appends `"o…":{…}` for each of `ids` that exists, separated by commas and without braces around.
  ///
  /// - Returns: how many there were.
  /// - Throws: when the writer takes no more.
  public func render(_ ids: [ObjectID], in session: Session, into writer: ByteWriter) throws(StoreError) -> Int {
    try Rendering(ids, in: session, into: writer).finish(self)
  }

  /// Whether a ``Rendering`` has something to say about an id.
  public func isReadable(_ id: ObjectID, in session: Session) -> Bool {
    id.isBlob ? readableSize(of: id, in: session) != nil : session.metadata.contains(id)
  }

  /// The bytes of a blob that can be described: sealed, or the empty one.
  func readableSize(of id: ObjectID, in session: Session) -> UInt64? {
    if id == .emptyBlob { return 0 }
    guard let blob = session.blobs[id], blob.isSealed else { return nil }
    return blob.size
  }
}
