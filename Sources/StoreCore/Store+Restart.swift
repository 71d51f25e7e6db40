import StoreProtocol

/// Messages about data that went with an earlier run of the store.
extension Store {
  /// Ids made before this time are not from a clock, in unix milliseconds: 2020-01-01.
  private static let earliestTime: UInt64 = 1_577_836_800_000

  /// Lets clients that look for names of the root session know that a restart took them.
  public func noteLostNames(at time: UInt64) { lostNamesAt = time }

  func noteName(in session: Session) {
    guard session === root, !isRootNamed else { return }
    isRootNamed = true
    outbox.add(.noteNames)
  }

  /// The end of a message about a missing name, empty unless a restart may have taken it.
  func lossNote(in session: Session, of volume: Volume?) -> String {
    let time = (volume ?? session.volume)?.lostContentsAt ?? (session === root ? lostNamesAt : nil)
    return time.map(restartNote) ?? ""
  }

  /// The end of a message about a missing object or blob, empty unless its id is older than this run of the store.
  func lossNote(for id: ObjectID) -> String {
    let made = IDGenerator.time(of: id)
    guard made >= Self.earliestTime, made < configuration.started else { return "" }
    return restartNote(configuration.started)
  }

  private func restartNote(_ time: UInt64) -> String {
    "; the store restarted at \(configuration.timeText(time)), and what it held before is lost"
  }
}
