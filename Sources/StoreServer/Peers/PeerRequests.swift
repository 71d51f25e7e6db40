import Crypto
import JSON
import StoreCore
import StoreProtocol
import Support

/// A store that has asked to be one of the peers and has not proved it yet.
struct PeerChallenge {
  let proof: PeerProof
  var failures = 0

  /// Wrong proofs after which the connection ends: a store has two keys at most.
  static let mostFailures = 3
}

/// Stores that prove that they are peers: who proves it gets parts of blobs, and the bytes of volumes.
///
/// With an admin token a store answers a registration that has a nonce with a nonce of its own. Until the proof has
/// come, the connection is not registered.
extension RequestHandler {
  /// Answers a registration of another store, if there is more to do than to register it.
  ///
  /// - Returns: nil for any other registration.
  /// - Throws: connectionError for a store without TLS where that is demanded.
  func registerPeer(_ connection: Connection) throws(StoreError) -> Disposition? {
    guard connection.kind == .rpc else { return nil }
    if let peerTLS, !connection.isEncrypted {
      if try message.boolean("peer_tls", default: false) {
        reply.frame {
          $0.field("instance_id", store.instances.local)
          $0.field("peer_tls", true)
          $0.type("register_reply")
          $0.field("version", identity.version)
        }
        return .encrypt
      }
      if peerTLS.isRequired, message.span("peer_nonce") != nil || message.span("remote_ranges") != nil {
        throw Self.noTLS
      }
    }
    return try challenge(connection) ? .reply : nil
  }

  private static let noTLS = StoreError(
    .connectionError, "this store talks to others over TLS only: see --peer_tls")

  /// Answers a registration that asks to be one of the peers.
  ///
  /// - Returns: false for any other registration, and without a token.
  private func challenge(_ connection: Connection) throws(StoreError) -> Bool {
    guard readPeerKeys != nil, message.span("peer_nonce") != nil else { return false }
    guard let nonce = PeerProof.Nonce(try message.string("peer_nonce")) else {
      throw StoreError(.invalid, "the field 'peer_nonce' must be \(PeerProof.Nonce.count) bytes in hexadecimal digits")
    }
    let proof = PeerProof(
      caller: try message.integer("peer_instance"), owner: store.instances.local, callerNonce: nonce,
      ownerNonce: PeerProof.Nonce())
    connection.challenge = PeerChallenge(proof: proof)
    reply.frame {
      $0.field("instance_id", proof.owner)
      $0.field("peer_nonce", proof.ownerNonce.text)
      $0.type("register_reply")
      $0.field("version", identity.version)
    }
    return true
  }

  /// Registers a store that proves to be one of the peers, for the session that it names.
  func provePeer(_ connection: Connection) throws(StoreError) -> Disposition {
    guard let challenge = connection.challenge, let readPeerKeys else {
      throw StoreError(.invalid, "nobody has asked for a proof: register with 'peer_nonce' first")
    }
    guard let found = connection.peerKeys else { return .hold(readPeerKeys(.request)) }
    connection.peerKeys = nil
    let keys: [SymmetricKey]
    do throws(ProgramError) { keys = try found.get() } catch {
      throw StoreError(.connectionError, "the proof cannot be checked: \(error.description)")
    }
    let (text, id) = (try message.string("proof"), try message.integer("session_id", default: 0))
    guard let key = keys.first(where: { challenge.proof.isValid(text, of: .caller, for: id, $0) }) else {
      connection.challenge?.failures += 1
      if challenge.failures + 1 >= PeerChallenge.mostFailures { connection.challenge = nil }
      throw StoreError(.connectionError, "the proof is not made with the admin token of this store")
    }
    guard let session = store.sessions[id] else {
      throw StoreError(.invalid, "Session (sid = \(HexText.string(prefix: UInt8(ascii: "S"), id))) not exit")
    }
    if session !== connection.client.session { connection.client = store.move(connection.client, to: session) }
    connection.challenge = nil
    connection.provenPeer = challenge.proof.caller
    connection.isRegistered = true
    connection.isPeer = true
    reply.frame {
      $0.field("proof", challenge.proof.make(by: .owner, for: id, key))
      $0.field("remote_ranges", true)
      $0.type("prove_peer_reply")
    }
    return .reply
  }

  /// - Throws: connectionError for parts of blobs that are asked for without the proof that this store demands.
  func requirePeerForRanges(_ connection: Connection) throws(StoreError) {
    if mayReadRanges(connection) { return }
    let fields: [StaticString] = ["range_offset", "range_length", "copies_of"]
    guard fields.contains(where: { message.span($0) != nil }) else { return }
    if peerTLS?.isRequired == true, !connection.isEncrypted { throw Self.noTLS }
    throw StoreError(
      .connectionError, "parts of blobs are for stores that prove to have the admin token: see --admin_token_file")
  }

  /// Whether a client may ask for parts of blobs: on a socket, as one of the peers, with the admin token, and where there
  /// is none.
  func mayReadRanges(_ connection: Connection) -> Bool {
    if connection.kind != .rpc || connection.provenPeer != nil || connection.isAdministrator { return true }
    return readPeerKeys == nil && (peerTLS?.isRequired != true || connection.isEncrypted)
  }

  /// - Throws: notImplemented for requests that are no business of another store.
  func requirePeerPermission(_ access: RequestDescriptor.Access) throws(StoreError) {
    switch access {
    case .anyone, .read: return
    case .write, .session, .volumes: throw StoreError(.notImplemented, "other stores only read")
    }
  }
}

extension StoreServer {
  /// Has the file of the admin token read, for a proof that has to be checked.
  func readPeerKeys(_ secrets: PeerSecrets, then continuation: HeldReply.Continuation) -> HeldReply {
    let job = jobs.start {
      Result { () throws(ProgramError) in try secrets.keys() }
    } finish: { server, job, keys in
      if let client = server.heldReplies.waiting(for: job)?.connection {
        server.connections[client]?.peerKeys = keys
      }
      server.finishJob(job, failure: nil)
    }
    return HeldReply(until: .job(job), then: continuation)
  }
}
