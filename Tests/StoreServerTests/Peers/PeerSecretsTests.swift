import Crypto
import Testing

@testable import StoreServer

@Suite("the proof of another store")
struct PeerSecretsTests {
  private let proof = PeerProof(
    caller: 1, owner: 2, callerNonce: PeerProof.Nonce(), ownerNonce: PeerProof.Nonce())
  private let key = SymmetricKey(data: Array("secret".utf8))

  @Test("holds for its side, session, stores, nonces and token, and for no others")
  func bound() {
    let text = proof.make(by: .caller, for: 7, key)
    #expect(proof.isValid(text, of: .caller, for: 7, key))
    #expect(!proof.isValid(text, of: .owner, for: 7, key))
    #expect(!proof.isValid(text, of: .caller, for: 8, key))
    #expect(!proof.isValid(text, of: .caller, for: 7, SymmetricKey(data: Array("Secret".utf8))))
    let others = [
      PeerProof(caller: 3, owner: 2, callerNonce: proof.callerNonce, ownerNonce: proof.ownerNonce),
      PeerProof(caller: 1, owner: 3, callerNonce: proof.callerNonce, ownerNonce: proof.ownerNonce),
      PeerProof(caller: 1, owner: 2, callerNonce: PeerProof.Nonce(), ownerNonce: proof.ownerNonce),
      PeerProof(caller: 1, owner: 2, callerNonce: proof.callerNonce, ownerNonce: PeerProof.Nonce()),
      PeerProof(caller: 1, owner: 2, callerNonce: proof.ownerNonce, ownerNonce: proof.callerNonce),
    ]
    for other in others { #expect(!other.isValid(text, of: .caller, for: 7, key)) }
  }

  @Test("[Error] anything else is none", arguments: ["", "0", "zz", "00", String(repeating: "0", count: 64)])
  func invalid(text: String) { #expect(!proof.isValid(text, of: .caller, for: 7, key)) }

  @Test("a nonce is 32 bytes, and another one each time")
  func nonces() {
    let nonce = PeerProof.Nonce()
    #expect(PeerProof.Nonce(nonce.text) == nonce && nonce != PeerProof.Nonce())
    #expect(PeerProof.Nonce(String(nonce.text.dropLast(2))) == nil && PeerProof.Nonce("") == nil)
  }

  @Test("a token that was replaced counts for a while, the one in the file first")
  func rotation() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/token"
    let secrets = PeerSecrets(path: path)
    func keys(_ now: UInt64) throws -> [SymmetricKey] { try secrets.keys(now: now) }
    func key(_ text: String) -> SymmetricKey { SymmetricKey(data: Array(text.utf8)) }
    #expect(throws: (any Error).self) { try keys(1) }
    try writeFile(path, " old\n")
    #expect(try keys(2) == [key("old")])
    try writeFile(path, "new")
    #expect(try keys(10) == [key("new"), key("old")])
    #expect(try keys(10 + PeerSecrets.overlap - 1) == [key("new"), key("old")])
    #expect(try keys(10 + PeerSecrets.overlap) == [key("new")])
    try writeFile(path, "\n")
    #expect(throws: (any Error).self) { try keys(11) }
    try writeFile(path, "third")
    try writeFile(path, "new")
    #expect(try keys(12 + PeerSecrets.overlap) == [key("new")])
  }

  @Test("a file without a token is one warning at the start", arguments: [("\n", 1), ("token", 0)])
  func empty(text: String, warnings: Int) throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/token"
    try writeFile(path, text)
    let server = try RunningServer { $0.adminTokenFile = path }
    #expect(server.log.count { $0.contains("the admin token in \(path) is empty: until it has a token, ") } == warnings)
  }
}
