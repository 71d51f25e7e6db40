import JSON
import MetadataBackend
import StoreCore
import StoreProtocol
import Support

/// Answers the requests of the wire protocol from the store.
///
/// One method per request, in extensions by subject. Each reads its fields, calls the store and writes the reply. Which
/// method answers which request is in `RequestTable.swift`.
final class RequestHandler {
  let store: Store
  let identity: InstanceIdentity
  var message = RequestMessage()
  var reply: ByteWriter
  /// Scratch for the hot requests.
  var payloads: [BlobPayload] = []
  var blobIDs: [ObjectID] = []
  /// Counts for instance_status, kept by the server.
  var connectionCounts = (ipc: 0, rpc: 0)
  var parkedRequests = 0
  /// Makes the listener of a child session that a client asks for.
  var openSessionSocket: (Session, Connection) throws(StoreError) -> String = { _, _ throws(StoreError) in
    throw StoreError(.notImplemented, "sessions are not available")
  }
  /// Opens and closes volumes outside of the store; nil until the server serves.
  weak var volumes: VolumeHost?
  /// Fetches what other stores have; nil until the server serves.
  weak var pulls: PullHost?
  /// Fetches of what nobody has asked for yet.
  weak var prefetches: PrefetchHost?
  /// Knows what other stores have fetched; nil until the server serves.
  weak var copyWaits: CopyWaits?
  /// Has the file of the admin token read for a request, which goes on then.
  var readToken: ((HeldReply.Continuation) -> HeldReply)?
  /// Has the file of the admin token read for the proof of another store; nil without such a file.
  var readPeerKeys: ((HeldReply.Continuation) -> HeldReply)?
  /// Certificates for connections to other stores, nil without any.
  var peerTLS: PeerTLS?
  /// Proves that a client on another host may ask about volumes.
  let adminToken: AdminToken
  /// Has others asked for places; nil, or an answer of nil, where there is nobody to ask.
  var ask: (([MetadataPlace]) -> HeldReply?)?
  /// The memory files; nil until the server serves.
  var files: MemoryFiles?
  /// Asks the page worker to give back idle pages; false when there are none.
  var trimMemory: () -> Bool = { false }

  /// - Parameter replies: counts what large replies take.
  init(store: Store, identity: InstanceIdentity, adminToken: AdminToken, replies: any GrowthBudget) {
    reply = ByteWriter(repliesWithin: replies)
    self.store = store
    self.identity = identity
    self.adminToken = adminToken
  }
}

/// Facts about this daemon that clients are told and the table of instances does not have.
struct InstanceIdentity {
  let socketPath: String
  /// `host:port`, or `0.0.0.0:0` without a listener.
  let rpcEndpoint: String
  let deployment: String
  /// Version clients compare with theirs, `x.y.z`.
  let version: String

  /// Layout of the sockets of volumes.
  var volumeLayout: VolumeLayout { VolumeLayout(mainSocket: socketPath) }

  /// Path of a session's socket: that of the root session, or with the session's id appended.
  func socketPath(of session: UInt64) -> String {
    session == 0 ? socketPath : socketPath + "." + HexText.string(prefix: UInt8(ascii: "S"), session)
  }

  static let noRPC = "0.0.0.0:0"
}
