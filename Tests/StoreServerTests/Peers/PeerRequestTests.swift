import Crypto
import StoreCore
import Support
import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("another store that asks for bytes")
  struct PeerRequestTests {
    let server: RunningServer
    private let key = SymmetricKey(data: Array("secret".utf8))

    init() throws {
      server = try RunningServer { try? $0.writeAdminToken("secret") }
    }

    /// Registers as a store, up to the proof.
    private func challenged(_ client: WireClient) throws -> PeerProof {
      let nonce = PeerProof.Nonce()
      let reply = try client.request(
        "{\"type\":\"register_request\",\"version\":\"0.24.2\",\"remote_ranges\":true,\"peer_instance\":9,"
          + "\"peer_nonce\":\"\(nonce.text)\"}")
      #expect(reply["type"] == .string("register_reply"))
      let owner = try #require(reply["instance_id"]?.integer)
      return PeerProof(
        caller: 9, owner: owner, callerNonce: nonce,
        ownerNonce: try #require(PeerProof.Nonce(reply["peer_nonce"]?.text ?? "")))
    }

    private func prove(_ client: WireClient, _ proof: String, session: UInt64 = 0) throws -> JSON {
      try client.request("{\"type\":\"prove_peer_request\",\"session_id\":\(session),\"proof\":\"\(proof)\"}")
    }

    private func blob() throws -> UInt64 {
      let writer = try WireClient.registered(server, .rpc)
      let announced = try writer.request(#"{"type":"create_remote_buffer_request","size":5}"#)
      try writer.send([1, 2, 3, 4, 5])
      _ = try writer.receiveReply()
      return try #require(announced["id"]?.integer)
    }

    private func part(_ id: UInt64) -> String {
      "{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id),\"range_offset\":1,\"range_length\":3}"
    }

    @Test("gets parts of blobs when it has proved to have the token, and is told the same of this store")
    func proven() throws {
      let client = try WireClient(server, .rpc)
      let id = try blob()
      let proof = try challenged(client)
      let reply = try prove(client, proof.make(by: .caller, for: 0, key))
      #expect(reply["remote_ranges"] == .bool(true))
      #expect(proof.isValid(reply["proof"]?.text ?? "", of: .owner, for: 0, key))
      _ = try client.request(part(id))
      #expect(try client.receive(3) == [2, 3, 4])
      #expect(try client.request(#"{"type":"create_buffer_request","size":1}"#)["code"]?.integer == 6)
    }

    @Test("[Error] gets nothing with a wrong proof, and no more tries after three")
    func wrong() throws {
      let client = try WireClient(server, .rpc)
      let id = try blob()
      let proof = try challenged(client)
      #expect(try client.request(part(id))["code"]?.integer == 1)
      for text in ["", proof.make(by: .owner, for: 0, key), proof.make(by: .caller, for: 1, key)] {
        #expect(try prove(client, text)["code"]?.integer == 34)
      }
      #expect(try prove(client, proof.make(by: .caller, for: 0, key))["code"]?.integer == 1)
    }

    @Test("[Error] gets whole blobs of the root session without a proof, but no parts, and nothing of a volume")
    func unproven() throws {
      let client = try WireClient(server, .rpc)
      let id = try blob()
      let reply = try client.request(
        #"{"type":"register_request","version":"0.24.2","store_type":1,"session_id":0,"remote_ranges":true}"#)
      #expect(reply["type"] == .string("register_reply") && reply["remote_ranges"] == nil)
      let refusal = try client.request(part(id))
      #expect(refusal["code"]?.integer == 34)
      _ = try client.request("{\"type\":\"get_remote_buffers_request\",\"num\":1,\"0\":\(id)}")
      #expect(try client.receive(5) == [1, 2, 3, 4, 5])
    }

    @Test("is let into the session of a volume")
    func volume() throws {
      let main = try WireClient.registered(server)
      _ = try main.request(#"{"type":"open_volume_request","id":"v"}"#)
      let session = try server.onLoop { $0.store.volumes["v"]?.session.id ?? 0 }
      #expect(session != 0)
      let client = try WireClient(server, .rpc)
      let proof = try challenged(client)
      let reply = try prove(client, proof.make(by: .caller, for: session, key), session: session)
      #expect(reply["type"] == .string("prove_peer_reply"))
      let id = try server.onLoop { $0.connections.values.first { $0.provenPeer == 9 }?.client.session.id }
      #expect(id == session)
    }

    @Test("proves it with the former token while the file has a new one")
    func rotation() throws {
      try writeFile("\(server.socketPath)-token", "another")
      let client = try WireClient(server, .rpc)
      let proof = try challenged(client)
      let reply = try prove(client, proof.make(by: .caller, for: 0, key))
      #expect(proof.isValid(reply["proof"]?.text ?? "", of: .owner, for: 0, key))
    }

    @Test("needs no password, where clients need one")
    func password() throws {
      let server = try RunningServer {
        try? $0.writeAdminToken("secret")
        $0.htpasswd = "\($0.socketPath)-users"
        try? writeFile("\($0.socketPath)-users", "u:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
      }
      let client = try WireClient(server, .rpc)
      let nonce = PeerProof.Nonce()
      let reply = try client.request(
        "{\"type\":\"register_request\",\"peer_instance\":9,\"peer_nonce\":\"\(nonce.text)\"}")
      let proof = PeerProof(
        caller: 9, owner: try #require(reply["instance_id"]?.integer), callerNonce: nonce,
        ownerNonce: try #require(PeerProof.Nonce(reply["peer_nonce"]?.text ?? "")))
      #expect(try prove(client, proof.make(by: .caller, for: 0, key))["type"] == .string("prove_peer_reply"))
      #expect(try client.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
    }
  }
}
