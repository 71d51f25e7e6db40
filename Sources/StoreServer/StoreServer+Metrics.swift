import HTTPEndpoint
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Text of `/metrics`.
extension StoreServer {
  func metricsText() -> String {
    var page = MetricsPage()
    let memory = store.memory
    page.single("vineyard_memory_used_bytes", "gauge", "Bytes of live blobs.", memory.used)
    page.single("vineyard_memory_limit_bytes", "gauge", "Bytes that blobs may take.", memory.limit)
    page.single(
      "vineyard_memory_lingering_bytes", "gauge", "Bytes of deleted blobs that clients still map.", memory.retained)
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
    page.single("vineyard_memory_files", "gauge", "Memory files of all tenants.", UInt64(files.count))
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
    copies(&page)
    if !backend.isImmediate {
      page.single(
        "vineyard_metadata_unheard_total", "counter",
        "Requests answered with what the store knew, since it could not ask for what others know.", unheardQuestions)
    }
    objects(&page)
    volumes(&page)
    page.family("vineyard_instances", "gauge", "Stores that share objects and names, this one included, by state.")
    for state in InstanceState.allCases {
      page.sample(
        "vineyard_instances", labels: "state=\"\(state.rawValue)\"", "\(store.instances.count(state))")
    }
    page.single("vineyard_poll_waits_total", "counter", "Times the loop went to wait for events.", poller.waits)
    page.turns(turns)
    page.single(
      "vineyard_work_total", "counter", "Work done for clients, counted in units of about a nanosecond.",
      store.work.done)
    page.requests(metrics)
    return page.text
  }

  private func copies(_ page: inout MetricsPage) {
    let (cache, counts) = (store.cache, pulls.counts)
    page.single("vineyard_cached_bytes", "gauge", "Bytes of copies of what other stores have.", cache.bytes)
    page.single("vineyard_cached_limit_bytes", "gauge", "Bytes that these copies may take.", cache.limit)
    page.single("vineyard_cached_blobs", "gauge", "Copies of blobs that other stores have.", UInt64(cache.count))
    page.single(
      "vineyard_cached_hits_total", "counter", "Reads of what other stores have that found all of it here.", cache.hits)
    page.single("vineyard_fetches_total", "counter", "Fetches of blobs from other stores.", counts.fetches)
    page.single("vineyard_fetch_failures_total", "counter", "Fetches that failed.", counts.failures)
    page.single(
      "vineyard_fetches_from_copies_total", "counter", "Fetches that another store served than the owner.",
      counts.fromOthers)
    page.single(
      "vineyard_late_copies_total", "counter", "Deletions answered before every store had let go of its copies.",
      copyWaits.late)
    page.single("vineyard_fetched_bytes_total", "counter", "Bytes of blobs fetched from other stores.", counts.bytes)
    page.family("vineyard_fetch_seconds_total", "counter", "Time that fetches took, each from its request on.")
    page.sample("vineyard_fetch_seconds_total", MetricsPage.seconds(counts.nanoseconds))
  }

  private func volumes(_ page: inout MetricsPage) {
    let volumes = store.volumes.values.sorted { $0.id < $1.id }
    page.single("vineyard_volumes", "gauge", "Volumes.", UInt64(volumes.count))
    page.single("vineyard_snapshots", "gauge", "Snapshots of volumes.", UInt64(store.snapshots.count))
    let families: [(name: String, help: String, value: (Volume) -> UInt64)] = [
      (
        "limit_bytes", "Bytes that the blobs of a volume may take.",
        { [store] in $0.isShared ? $0.usage.limit : min($0.usage.limit, store.memory.limit) }
      ),
      ("used_bytes", "Bytes that the blobs of a volume take.", { $0.usage.used }),
      ("local_bytes", "Bytes of the blobs of a volume that are in this store.", { $0.usage.used }),
      ("objects", "Objects of a volume.", { UInt64($0.objectCount) }),
      (
        "heap_bytes", "Bytes of heap that objects, names and streams of a volume take, estimated.",
        { UInt64($0.heapBytes) }
      ),
      (
        "lingering_bytes", "Bytes of deleted blobs of a volume that its clients still map, which count in its quota.",
        { [store] in store.retained(by: $0) }
      ),
      (
        "copies_bytes", "Bytes of copies of what other stores have that clients of a volume map.",
        { $0.usage.mappedBytes }
      ),
      ("connections", "Clients connected to a volume.", { UInt64($0.connections) }),
    ]
    for family in families where !volumes.isEmpty {
      let name = "vineyard_volume_\(family.name)"
      page.family(name, "gauge", family.help)
      for volume in volumes { page.sample(name, labels: "volume=\"\(volume.id)\"", "\(family.value(volume))") }
    }
    quotas(volumes.filter(\.isShared), &page)
  }

  /// Volumes that other stores have, too, and what this one may use of their quotas.
  private func quotas(_ shared: [Volume], _ page: inout MetricsPage) {
    guard let counts = backend.quotas?.counts else { return }
    let families: [(name: String, help: String, value: (Volume) -> UInt64?)] = [
      (
        "quota_granted_bytes", "Bytes of the quota of a volume that this store may use without asking the others.",
        { $0.usage.granted }
      ),
      (
        "cluster_used_bytes", "Bytes that the blobs of a volume take on all stores.",
        { [volumes] in volumes.record(of: $0).used }
      ),
    ]
    for family in families where !shared.isEmpty {
      let name = "vineyard_volume_\(family.name)"
      page.family(name, "gauge", family.help)
      for volume in shared {
        if let value = family.value(volume) { page.sample(name, labels: "volume=\"\(volume.id)\"", "\(value)") }
      }
    }
    page.single(
      "vineyard_quota_waits_total", "counter", "Requests that waited for more of a quota that several stores share.",
      counts.questions)
    page.single(
      "vineyard_quota_refusals_total", "counter", "Those of them that were refused, since all of the quota is in use.",
      counts.refusals)
    page.single(
      "vineyard_quota_recalled_bytes_total", "counter",
      "Bytes of quotas that this store has given back since others wanted them.", counts.recalledBytes)
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

extension MetricsPage {
  /// Requests and their durations, for the types that were seen.
  mutating func requests(_ metrics: RequestMetrics) {
    let seen = zip(RequestType.allCases, metrics.entries).filter { $0.1.durations.count > 0 }
    family("vineyard_requests_total", "counter", "Requests answered, by type.")
    for (type, entry) in seen {
      sample("vineyard_requests_total", labels: "type=\"\(type.rawValue)\"", "\(entry.durations.count)")
    }
    family("vineyard_request_errors_total", "counter", "Requests answered with an error, by type.")
    for (type, entry) in seen {
      sample("vineyard_request_errors_total", labels: "type=\"\(type.rawValue)\"", "\(entry.errors)")
    }
    single(
      "vineyard_malformed_requests_total", "counter", "Messages that are not a request of the protocol.",
      metrics.malformed)
    let name = "vineyard_request_duration_seconds"
    family(name, "histogram", "Time the daemon spent on a request, without waiting, by type.")
    for (type, entry) in seen { histogram(name, labels: "type=\"\(type.rawValue)\"", entry.durations) }
  }

  /// Durations of the loop's turns, and the most work of one.
  mutating func turns(_ turns: TurnMetrics) {
    let name = "vineyard_loop_turn_seconds"
    family(name, "histogram", "Time the loop was busy between two waits for events.")
    histogram(name, labels: "", turns.durations)
    family("vineyard_loop_turn_longest_seconds", "gauge", "The longest of these times since the start.")
    sample("vineyard_loop_turn_longest_seconds", Self.seconds(turns.longest))
    single(
      "vineyard_loop_turn_most_work", "gauge",
      "Work of the turn with most of it since the start, counted in units of about a nanosecond.", turns.mostWork)
  }
}
