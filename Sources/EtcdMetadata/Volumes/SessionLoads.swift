import EtcdClient
import MetadataBackend

/// Sessions that the store has opened and whose contents are still being read: what the watch tells of them meanwhile
/// waits, and what it tells later of the time before is outdated. Pure.
struct SessionLoads {
  private var loading: [UInt64: [PlaceEvent]] = [:]
  /// The revisions at which sessions were read, until the watch has passed them.
  private var floors: [UInt64: Int64] = [:]

  mutating func begin(_ session: UInt64) { loading[session] = [] }

  /// Whether an event is news now.
  mutating func admits(_ event: PlaceEvent) -> Bool {
    if loading.isEmpty, floors.isEmpty { return true }
    let session = event.place.session
    if loading[session] != nil {
      loading[session]?.append(event)
      return false
    }
    return event.revision > floors[session] ?? 0
  }

  func isLoading(_ session: UInt64) -> Bool { loading[session] != nil }

  /// Ends the reading of a session.
  ///
  /// - Returns: what has happened since it was read, as far as the watch has told.
  mutating func finish(_ session: UInt64, at revision: Int64) -> [PlaceEvent] {
    (loading.removeValue(forKey: session) ?? []).filter { $0.revision > revision }
  }

  /// Notes that a session is as it was at a revision, or later.
  mutating func note(_ session: UInt64, readAt revision: Int64, followed: Int64) {
    if followed < revision { floors[session] = revision }
  }

  mutating func cancel(_ session: UInt64) { loading[session] = nil }

  /// The watch has told everything up to a revision.
  mutating func pass(_ revision: Int64) {
    if !floors.isEmpty { floors = floors.filter { $0.value > revision } }
  }

  /// Everything was read.
  mutating func finishAll() { (loading, floors) = ([:], [:]) }
}
