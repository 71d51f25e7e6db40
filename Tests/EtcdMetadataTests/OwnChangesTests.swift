import MetadataBackend
import StoreProtocol
import Testing

@testable import EtcdMetadata

@Suite("changes of this store and of others at one place")
struct OwnChangesTests {
  private static let place = MetadataPlace.object(session: 0, ObjectID(7))

  private static func event(_ change: PlaceEvent.Change, at revision: Int64) -> PlaceEvent {
    PlaceEvent(place: place, change: change, revision: revision)
  }

  /// Revisions of what is taken over in the end, of events that come while the object is being put and named.
  private func later(_ events: [PlaceEvent]) -> [Int64] {
    var own = OwnChanges()
    own.begin(1, .put, at: Self.place)
    own.begin(2, .fields(labels: false), at: Self.place)
    var admitted: [Int64] = []
    for (index, event) in events.enumerated() {
      // The object is written before the last of them comes.
      if index == events.count - 1 { admitted += own.finish(1, [Self.place], at: 4).map(\.revision) }
      if own.admits(event) { admitted.append(event.revision) }
    }
    return admitted + own.finish(2, [Self.place], at: 20).map(\.revision)
  }

  @Test("given labels that waited, then later ones that did not wait stay")
  func labels() {
    #expect(later([Self.event(.field("__labels", nil), at: 5), Self.event(.field("__labels", [1]), at: 14)]) == [14])
  }

  @Test("given a deletion that waited, then a later object that did not wait stays")
  func deletion() {
    #expect(later([Self.event(.removed, at: 5), Self.event(.object([1]), at: 14)]) == [14])
  }

  @Test("given a deletion that waited, then labels that come after it do not undo it")
  func labelsAfterDeletion() {
    #expect(later([Self.event(.removed, at: 5), Self.event(.field("__labels", [1]), at: 14)]) == [14, 5])
  }
}
