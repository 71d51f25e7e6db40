import HTTPEndpoint
import SharedMemory
import StoreCore
import Support

/// Text of `/metrics`.
extension StoreServer {
  func metricsText() -> String {
    var page = MetricsPage()
    let memory = store.memory
    page.single("vineyard_memory_used_bytes", "gauge", "Bytes of live blobs.", memory.used)
    page.single("vineyard_memory_limit_bytes", "gauge", "Bytes that blobs may take.", memory.limit)
    page.single(
      "vineyard_memory_lingering_bytes", "gauge", "Bytes of deleted blobs that clients still map.", memory.lingering)
    page.single(
      "vineyard_memory_reusable_bytes", "gauge",
      "Those of them that are used again rather than that a blob be refused.",
      memory.reusable)
    page.single(
      "vineyard_reused_bytes_total", "counter",
      "Bytes of deleted blobs that were used again while clients mapped them.",
      reusedBytes)
    page.single(
      "vineyard_reused_blobs_total", "counter", "Deleted blobs that were used again while clients mapped them.",
      reusedBlobs)
    page.single(
      "vineyard_memory_largest_free_bytes", "gauge", "The largest blob that could be created now.",
      memory.largestFree)
    page.single(
      "vineyard_memory_committed_bytes", "gauge", "Bytes of shared memory that have pages.",
      memory.residency.committedBytes)
    page.family("vineyard_page_kind", "gauge", "What kind of pages shared memory consists of.")
    page.sample("vineyard_page_kind", labels: "kind=\"\(arena.pageKind.rawValue)\"", "1")
    page.single(
      "vineyard_populated_bytes", "counter", "Bytes populated in the background.", pages.populatedBytes)
    page.family("vineyard_populate_seconds_total", "counter", "Time spent populating.")
    page.sample("vineyard_populate_seconds_total", MetricsPage.seconds(pages.populateNanoseconds))
    page.single(
      "vineyard_zeroed_bytes_total", "counter", "Bytes of former owners that were zeroed in the background.",
      pages.zeroedBytes)
    page.single("vineyard_released_bytes_total", "counter", "Bytes given back to the system.", pages.releasedBytes)
    page.single(
      "vineyard_heap_used_bytes", "gauge", "Bytes of heap beyond those at rest, when last looked.", heap.used)
    page.single(
      "vineyard_heap_limit_bytes", "gauge", "Bytes that metadata and connections may take.", heap.limit)
    page.single(
      "vineyard_heap_refusals_total", "counter", "Requests refused for want of heap.", heap.refusals)
    page.single(
      "vineyard_refused_connections_total", "counter", "Clients refused for want of heap.", connections.refused)
    page.single(
      "vineyard_log_dropped_lines_total", "counter", "Lines of the log that nobody read in time.",
      configuration.droppedLogLines())
    objects(&page)
    volumes(&page)
    page.single("vineyard_poll_waits_total", "counter", "Times the loop went to wait for events.", poller.waits)
    page.turns(turns)
    page.single(
      "vineyard_work_total", "counter", "Work done for clients, counted in units of about a nanosecond.",
      store.work.done)
    page.requests(metrics)
    return page.text
  }

  private func volumes(_ page: inout MetricsPage) {
    let volumes = store.volumes.values.sorted { $0.id < $1.id }
    page.single("vineyard_volumes", "gauge", "Volumes.", UInt64(volumes.count))
    page.single("vineyard_snapshots", "gauge", "Snapshots of volumes.", UInt64(store.snapshots.count))
    let families: [(name: String, help: String, value: (Volume) -> UInt64)] = [
      (
        "limit_bytes", "Bytes that the blobs of a volume may take.",
        { [store] in min($0.account.limit, store.memory.limit) }
      ),
      ("used_bytes", "Bytes that the blobs of a volume take.", { $0.account.used }),
      ("objects", "Objects of a volume.", { UInt64($0.objectCount) }),
      (
        "heap_bytes", "Bytes of heap that objects, names and streams of a volume take, estimated.",
        { UInt64($0.heapBytes) }
      ),
      ("connections", "Clients connected to a volume.", { UInt64($0.connections) }),
    ]
    for family in families where !volumes.isEmpty {
      let name = "vineyard_volume_\(family.name)"
      page.family(name, "gauge", family.help)
      for volume in volumes { page.sample(name, labels: "volume=\"\(volume.id)\"", "\(family.value(volume))") }
    }
  }

  private func objects(_ page: inout MetricsPage) {
    let sessions = store.sessions.values
    page.single("vineyard_objects", "gauge", "Objects.", UInt64(sessions.reduce(0) { $0 + $1.objectCount }))
    page.single("vineyard_blobs", "gauge", "Blobs.", UInt64(sessions.reduce(0) { $0 + $1.blobCount }))
    page.single("vineyard_names", "gauge", "Names.", UInt64(sessions.reduce(0) { $0 + $1.nameCount }))
    page.single("vineyard_streams", "gauge", "Streams.", UInt64(sessions.reduce(0) { $0 + $1.streamCount }))
    page.single("vineyard_sessions", "gauge", "Sessions, the root session included.", UInt64(sessions.count))
    page.family("vineyard_connections", "gauge", "Connected clients, by kind.")
    page.sample("vineyard_connections", labels: "kind=\"ipc\"", "\(handler.connectionCounts.ipc)")
    page.sample("vineyard_connections", labels: "kind=\"rpc\"", "\(handler.connectionCounts.rpc)")
    page.single(
      "vineyard_parked_requests", "gauge", "Requests that wait for something.", UInt64(handler.parkedRequests))
  }
}
