import Crypto
import StoreClient
import StoreProtocol
import Support

/// How a store reaches others.
struct PeerAccess: Sendable {
  /// Keys of the admin token, nil without one.
  let secrets: PeerSecrets?
  /// Encrypts connections, nil without certificates.
  let tls: TLSBridge?
  /// How long connecting, sending and receiving may take, each, and time without a byte after which a store counts as
  /// dead.
  let timeout: TimeSpan
}

/// Registering with another store: with the admin token both prove that they have it, else it is done as any client does
/// it, for what is in no volume.
struct PeerRegistration {
  private let address: PeerAddress
  private let caller: UInt64
  private let session: UInt64
  private let secrets: PeerSecrets?

  /// - Parameter caller: the instance id of this store.
  init(_ address: PeerAddress, from caller: UInt64, session: UInt64, _ secrets: PeerSecrets?) {
    self.address = address
    self.caller = caller
    self.session = session
    self.secrets = secrets
  }

  private struct Answer {
    let instance: UInt64
    let servesRanges: Bool
    /// Of the other store; nil when it demands no proof.
    let nonce: PeerProof.Nonce?
    /// Whether the other store goes on in TLS.
    let encrypts: Bool
  }

  enum Outcome {
    case registered(servesRanges: Bool)
    /// Everything that follows is encrypted, and begins with another registration.
    case encrypt
  }

  /// - Parameter offersTLS: whether the connection is to be encrypted if the other store can do that.
  /// - Throws: `StoreClientError.refused` also when either side cannot prove what the other demands.
  func run(_ client: StoreClient, offersTLS: Bool) throws(StoreClientError) -> Outcome {
    let keys = try readKeys()
    let nonce = PeerProof.Nonce()
    let answer = try register(client, nonce: keys.isEmpty ? nil : nonce, offersTLS)
    guard answer.instance == address.instance else {
      throw Self.refused("instance \(answer.instance) is there now", .invalid)
    }
    if offersTLS, answer.encrypts { return .encrypt }
    guard let ownerNonce = answer.nonce else {
      guard session == 0 else {
        throw Self.refused("it demands no proof, and bytes of volumes need one: see --admin_token_file")
      }
      return .registered(servesRanges: answer.servesRanges)
    }
    let proof = PeerProof(caller: caller, owner: answer.instance, callerNonce: nonce, ownerNonce: ownerNonce)
    try prove(client, proof, keys)
    return .registered(servesRanges: true)
  }

  private func readKeys() throws(StoreClientError) -> [SymmetricKey] {
    guard let secrets else {
      guard session == 0 else {
        throw Self.refused("bytes of volumes need a proof: start this store with --admin_token_file")
      }
      return []
    }
    do throws(ProgramError) { return try secrets.keys() } catch {
      throw Self.refused("this store cannot prove who it is: \(error.description)")
    }
  }

  private func register(
    _ client: StoreClient, nonce: PeerProof.Nonce?, _ offersTLS: Bool
  ) throws(StoreClientError) -> Answer {
    let proof = nonce.map { #","peer_instance":\#(caller),"peer_nonce":"\#($0.text)""# } ?? ""
    let registration =
      #"{"type":"register_request","version":"0.24.2","store_type":1,"session_id":0,"#
      + #""username":"","password":"","remote_ranges":true\#(proof)\#(offersTLS ? #","peer_tls":true"# : "")}"#
    return try client.call(Array(registration.utf8)) { (message) throws(StoreError) in
      let text = try message.string("peer_nonce", default: "")
      let nonce = PeerProof.Nonce(text)
      if !text.isEmpty, nonce == nil { throw StoreError(.invalid, "its nonce is none") }
      return Answer(
        instance: try message.integer("instance_id"),
        servesRanges: try message.boolean("remote_ranges", default: false), nonce: nonce,
        encrypts: try message.boolean("peer_tls", default: false))
    }
  }

  /// Proves it with each key, since the other store may still have the former token or have the new one already.
  private func prove(_ client: StoreClient, _ proof: PeerProof, _ keys: [SymmetricKey]) throws(StoreClientError) {
    for (index, key) in keys.enumerated() {
      let request =
        #"{"type":"prove_peer_request","session_id":\#(session),"#
        + #""proof":"\#(proof.make(by: .caller, for: session, key))"}"#
      do throws(StoreClientError) {
        let answer = try client.call(Array(request.utf8)) { (message) throws(StoreError) in
          try message.string("proof")
        }
        guard proof.isValid(answer, of: .owner, for: session, key) else {
          throw Self.refused("it does not prove that it has the admin token")
        }
        return
      } catch {
        guard case .refused(let refusal) = error, refusal.code == .connectionError, index + 1 < keys.count else {
          throw error
        }
      }
    }
  }

  private static func refused(_ reason: String, _ code: StatusCode = .connectionError) -> StoreClientError {
    .refused(StoreError(code, reason))
  }
}
