import SeededRandom
import StoreCore
import StoreProtocol

/// What holds after every step.
extension Simulation {
  /// Bytes of live blobs.
  var used: UInt64 { extents.reduce(0) { $1.hasBlob ? $0 + $1.charged : $0 } }

  /// Bytes of extents that only grants hold.
  var retained: UInt64 { extents.reduce(0) { $1.hasBlob ? $0 : $0 + $1.charged } }

  func checkCheap() throws(SimulationFailure) {
    try check(store.memory.used == used, "\(store.memory.used) bytes are used, expected \(used)")
    try check(store.memory.retained == retained, "\(store.memory.retained) bytes are retained, expected \(retained)")
    try check(store.memory.reusable == reusable, "\(store.memory.reusable) bytes are reusable, expected \(reusable)")
    record("\(used) \(retained) \(store.memory.largestFree)")
    try checkPages()
    guard let session = random.pick(sessions) else { return }
    for _ in 0..<4 {
      let id = anyID(session)
      let exists = store.exists(id, in: session.session)
      try check(exists == session.exists(id), "\(id) \(exists ? "exists" : "doesn't exist")")
    }
  }

  func checkThoroughly() throws(SimulationFailure) {
    let contradictions = store.inconsistencies()
    try check(contradictions.isEmpty, contradictions.joined(separator: "; "))
    for volume in volumes + snapshots { try check(volume) }
    for session in sessions {
      let real = session.session
      let ranges = store.liveRanges(in: real)
      try check(ranges.map(\.id) == session.sortedBlobs, "session \(real.id) has blobs \(ranges.map(\.id))")
      for (id, range) in ranges {
        guard let extent = session.blobs[id]?.extent else { continue }
        try check(range.offset == extent.offset && range.length == extent.length, "\(id) is at \(range)")
      }
      try check(real.objectCount == session.objects.count, "session \(real.id) has \(real.objectCount) objects")
      try check(real.nameCount == session.names.count, "session \(real.id) has \(real.nameCount) names")
      try check(real.streamCount == session.streams.count, "session \(real.id) has \(real.streamCount) streams")
      for id in session.known {
        try check(store.exists(id, in: real) == session.exists(id), "existence of \(id) differs")
        guard let object = session.objects[id] else { continue }
        let isPersistent = try? store.isPersistent(id, in: real)
        try check(isPersistent == object.isPersistent, "persistence of \(id) differs")
      }
    }
  }

  /// Everybody goes, everything is cleared; the arena must be as it was at the start.
  func tearDown() throws(SimulationFailure) {
    try finishPages()
    try acknowledgeAll()
    try checkThoroughly()
    giveUpCopies()
    while let client = clients.first { try disconnect(client) }
    while !leaving.isEmpty { disconnectLeaving() }
    begin("tear down")
    try checkThoroughly()
    try acknowledgeAll()
    for volume in volumes { try deleteVolume(volume) }
    for snapshot in snapshots { deleteSnapshot(snapshot) }
    for session in sessions.dropFirst() { closeSession(session) }
    store.clear(store.root)
    modelClear(root, by: nil)
    try acknowledgeAll()
    try check(history.isEmpty && outstanding.isEmpty, "changes are left that nobody waits for")
    try checkThoroughly()
    try finishPages()
    try checkCheap()
    try checkThoroughly()
    try check(store.memory.used == 0 && store.memory.retained == 0, "memory is left")
    let largest = min(configuration.limit, configuration.arenaLength)
    try check(store.memory.largestFree == largest, "the arena is in pieces of \(store.memory.largestFree)")
    try check(extents.isEmpty, "the model holds extents")
    // Streams of the model refer to clients, which refer to their session: without this they would leak.
    root.streams.removeAll()
  }
}
