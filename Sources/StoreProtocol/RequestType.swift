/// The requests of the protocol, with their names on the wire.
public enum RequestType: String, CaseIterable, Sendable {
  case register = "register_request"
  case exit = "exit_request"

  case createBuffer = "create_buffer_request"
  case createBuffers = "create_buffers_request"
  case seal = "seal_request"
  case getBuffers = "get_buffers_request"
  case dropBuffer = "drop_buffer_request"
  case shrinkBuffer = "shrink_buffer_request"
  case createRemoteBuffer = "create_remote_buffer_request"
  case createRemoteBuffers = "create_remote_buffers_request"
  case getRemoteBuffers = "get_remote_buffers_request"
  case increaseReferenceCount = "increase_reference_count_request"
  case release = "release_request"
  case deleteDataWithFeedbacks = "del_data_with_feedbacks_request"
  case createGPUBuffer = "create_gpu_buffer_request"
  case getGPUBuffers = "get_gpu_buffers_request"

  case createData = "create_data_request"
  case createDatas = "create_datas_request"
  case getData = "get_data_request"
  case listData = "list_data_request"
  case deleteData = "del_data_request"
  case exists = "exists_request"
  case persist = "persist_request"
  case ifPersist = "if_persist_request"
  case label = "label_request"
  case clear = "clear_request"
  case memoryTrim = "memory_trim_request"
  case shallowCopy = "shallow_copy_request"
  case migrateObject = "migrate_object_request"

  case putName = "put_name_request"
  case getName = "get_name_request"
  case listName = "list_name_request"
  case dropName = "drop_name_request"

  case clusterMeta = "cluster_meta"
  case instanceStatus = "instance_status_request"
  case debug = "debug_command"
  case acquireLock = "acquire_lock_request"
  case releaseLock = "release_lock_request"

  case createStream = "create_stream_request"
  case openStream = "open_stream_request"
  case getNextStreamChunk = "get_next_stream_chunk_request"
  case pushNextStreamChunk = "push_next_stream_chunk_request"
  case pullNextStreamChunk = "pull_next_stream_chunk_request"
  case stopStream = "stop_stream_request"
  case dropStream = "drop_stream_request"

  case createBufferByPlasma = "create_buffer_by_plasma_request"
  case getBuffersByPlasma = "get_buffers_by_plasma_request"
  case plasmaSeal = "plasma_seal_request"
  case plasmaRelease = "plasma_release_request"
  case plasmaDeleteData = "plasma_delete_data_request"

  case newSession = "new_session_request"
  case deleteSession = "delete_session_request"
  case moveBuffersOwnership = "move_buffers_ownership_request"

  case evict = "evict_request"
  case load = "load_request"
  case unpin = "unpin_request"
  case isSpilled = "is_spilled_request"
  case isInUse = "is_in_use_request"
  case releaseBlobsWithRDMA = "release_blobs_with_rdma_request"

  case openVolume = "open_volume_request"
  case inspectVolume = "inspect_volume_request"
  case listVolumes = "list_volumes_request"
  case resizeVolume = "resize_volume_request"
  case freezeVolume = "freeze_volume_request"
  case deleteVolume = "delete_volume_request"
  case createSnapshot = "create_snapshot_request"
  case deleteSnapshot = "delete_snapshot_request"

  private static let byHash: [UInt64: (type: RequestType, index: Int)] = Dictionary(
    uniqueKeysWithValues: allCases.enumerated().map { index, type in
      (type.rawValue.utf8.reduce(hashSeed, hash), (type, index))
    })

  private static let hashSeed: UInt64 = 0xcbf2_9ce4_8422_2325

  /// One step of the FNV-1a hash.
  private static func hash(_ state: UInt64, _ byte: UInt8) -> UInt64 { (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

  /// Recognises the text of a `type` field; `index` is its position among all cases.
  public static func find(_ text: UnsafeRawBufferPointer) -> (type: RequestType, index: Int)? {
    var state = hashSeed
    for byte in text { state = hash(state, byte) }
    guard let found = byHash[state], found.type.rawValue.utf8.elementsEqual(text) else { return nil }
    return found
  }
}
