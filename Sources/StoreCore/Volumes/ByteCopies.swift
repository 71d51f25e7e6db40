import StoreProtocol

/// Bytes of a blob that are copied to the memory of another volume, whose clients are not to see what those of the first
/// one still write.
///
/// Both extents count a blob more until it is done.
struct ByteCopy {
  let source: ExtentID
  let target: ExtentID
  let volume: Volume
  /// Bytes that are still to come.
  var rest: UInt64
}

extension Store {
  /// - Throws: notEnoughMemory when the blobs of a volume, so many bytes, are to be copied and there is no room for that.
  func requireRoom(forCopyOf source: Volume, _ bytes: UInt64, as id: String) throws(StoreError) {
    guard memory.isSeparated, source.kind == .volume, !memory.couldFit(bytes - min(bytes, cache.bytes)) else { return }
    throw StoreError(
      .notEnoughMemory,
      "'\(id)' cannot have a copy of volume '\(source.id)', which has \(bytes) bytes: of the \(memory.limit) of this store "
        + "\(memory.used) are in use and \(memory.retained - memory.reusable) more are deleted but still mapped by clients"
    )
  }

  /// Makes room for a copy of a blob, and has the bytes copied.
  ///
  /// - Returns: nil when there is no room, which ``Volume/fillFailure`` tells.
  func copyBytes(of original: Blob, for volume: Volume) -> ExtentID? {
    guard volume.fillFailure == nil else { return nil }
    while true {
      if let extent = memory.allocate(original.size, for: volume.session.id, in: volume.session.tenant) {
        begin(ByteCopy(source: original.extent, target: extent, volume: volume, rest: original.size))
        return extent
      }
      guard evictOldestCopy() || memory.couldFit(original.size) && takeBackOldest() else { break }
    }
    volume.fillFailure = StoreError(
      .notEnoughMemory,
      "\(volume.kind.rawValue) '\(volume.id)' cannot have a copy of \(original.size) bytes more: of the \(memory.limit) of "
        + "this store \(memory.used) are in use and \(memory.retained) more are deleted but still mapped")
    return nil
  }

  private func begin(_ copy: ByteCopy) {
    guard copy.rest > 0 else { return }
    resumePopulating()
    memory.addBlob(copy.source)
    memory.addBlob(copy.target)
    copy.volume.pendingCopies += 1
    lastByteCopy += 1
    byteCopies[lastByteCopy] = copy
    let (from, to) = (memory.range(copy.source).offset, memory.range(copy.target).offset)
    memory.residency.copy(
      ByteRange(offset: from, length: copy.rest), to: ByteRange(offset: to, length: copy.rest), number: lastByteCopy)
  }

  /// Notes that a copy job ended.
  ///
  /// - Parameters:
  ///   - bytes: of the job.
  ///   - succeeded: whether they were copied.
  public func finishCopy(_ number: UInt64, _ bytes: UInt64, succeeded: Bool = true) {
    guard byteCopies[number] != nil else { return }
    guard succeeded else { return fail([number]) }
    byteCopies[number]?.rest -= bytes
    if byteCopies[number]?.rest == 0 { end(number) }
  }

  /// Gives up what waits for pages that the system does not have.
  func failCopiesWithoutPages() {
    fail(memory.residency.copies.filter { !memory.residency.isWarm($0.to) }.map(\.number))
  }

  private func fail(_ numbers: [UInt64]) {
    for number in numbers {
      guard let copy = byteCopies[number] else { continue }
      memory.residency.copies.removeAll { $0.number == number }
      copy.volume.fillFailure = StoreError(
        .notEnoughMemory,
        "\(copy.volume.kind.rawValue) '\(copy.volume.id)' cannot have a copy of \(memory.charged(copy.source)) bytes: the "
          + "system has no pages left")
      end(number)
    }
  }

  private func end(_ number: UInt64) {
    guard let copy = byteCopies.removeValue(forKey: number) else { return }
    memory.removeBlob(copy.source, reuses: true)
    memory.removeBlob(copy.target, reuses: true)
    copy.volume.pendingCopies -= 1
    noteContents(of: copy.volume)
  }

  /// Lets those go on who wait for a volume's first contents, once all are there. Nobody writes to a snapshot any more.
  func noteContents(of volume: Volume) {
    guard !volume.isBeingFilled else { return }
    if volume.kind == .snapshot { memory.closeTenant(volume.session.id) }
    note(.contents(session: volume.session.id))
    noteFilled(volume)
  }
}
