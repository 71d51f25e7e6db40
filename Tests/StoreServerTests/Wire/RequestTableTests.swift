import StoreProtocol
import Testing

@testable import StoreServer

@Suite("the table of requests")
struct RequestTableTests {
  /// Worked out from the protocol: everything else only looks, gives up a claim or is about the daemon.
  static let writers: Set<String> = [
    "create_buffer_request", "create_buffers_request", "seal_request", "drop_buffer_request", "shrink_buffer_request",
    "create_remote_buffer_request", "create_remote_buffers_request", "del_data_with_feedbacks_request",
    "create_gpu_buffer_request", "create_data_request", "create_datas_request", "put_object_request",
    "del_data_request", "persist_request",
    "label_request", "clear_request", "shallow_copy_request", "put_name_request", "drop_name_request",
    "acquire_lock_request", "create_stream_request", "open_stream_request", "get_next_stream_chunk_request",
    "push_next_stream_chunk_request", "pull_next_stream_chunk_request", "stop_stream_request", "drop_stream_request",
    "create_buffer_by_plasma_request", "plasma_seal_request", "plasma_release_request", "plasma_delete_data_request",
    "new_session_request", "delete_session_request", "move_buffers_ownership_request",
  ]

  @Test("exactly these requests write", arguments: RequestType.allCases)
  func writing(type: RequestType) {
    #expect(RequestDescriptor.of(type).access.writes == Self.writers.contains(type.rawValue))
  }

  @Test("requests about volumes and snapshots are about volumes, no other is", arguments: RequestType.allCases)
  func volumes(type: RequestType) {
    let words = type.rawValue.split(separator: "_")
    var isAboutVolumes = false
    if case .volumes = RequestDescriptor.of(type).access { isAboutVolumes = true }
    #expect(isAboutVolumes == (words.contains { $0.hasPrefix("volume") || $0 == "snapshot" }))
  }

  @Test("only registering, with its proof, and leaving come before a registration", arguments: RequestType.allCases)
  func unregistered(type: RequestType) {
    var isForAnyone = false
    if case .anyone = RequestDescriptor.of(type).access { isForAnyone = true }
    #expect(isForAnyone == [.register, .provePeer, .exit].contains(type))
  }
}
