import Testing

@testable import StoreServer

/// Hashes that Apache's htpasswd made.
@Suite("password hashes")
struct PasswordHashTests {
  @Test(
    "every form of htpasswd is understood, and no other password matches",
    arguments: [
      ("$apr1$cql6NjM6$1cRbRAvIxeWUxvYBhdz3a.", "correct horse: $b"),
      ("$apr1$OahIz0rR$B/Y8qbOPSj9X17sq1FvRS.", "a password that is longer than sixteen bytes, twice over"),
      ("{SHA}yYc7F4sJOzRxuK6sWUkiYM9guWw=", "correct horse: $b"),
      ("$2y$05$6tLwxzKJsBW64rj6s5SPQ.ERwXL3z64.ZRbcxkPjJ2N.OE/CY4g4u", "correct horse: $b"),
      ("$2y$05$pHEuZpH7Rwde3J7JzMTr9eZGTy5N3ksg.1XFFM0fRtGd9oq9tdjA.", ""),
      ("$2y$04$nUVhS/HLt9.BB3GDFQOL4eWTGkuDgjvG0lazSinWnYQ1rR9VU2Pga", "ünï"),
      (
        "$6$.meinPY6h3LHjeSx$SOE4T80GQ0NP2LbqqnQU87vlv2OgDeZpqIlUhTxDeLW5VRKTN/9QWf57zGBXI/hYhqCxLfo.AaGVuxjJ7VwsQ0",
        "correct horse: $b"
      ),
      ("$5$LN2WlpnngtLOG7HZ$gLqm1xyvYmD6Dw3tIDY/Y8xRsZX/tJiUX7KVCzLbv22", "correct horse: $b"),
    ])
  func forms(_ hash: String, _ password: String) {
    #expect(PasswordHash(hash).matches(password))
    for other in [password + " ", "x" + password, "wrong", hash] { #expect(!PasswordHash(hash).matches(other)) }
  }

  @Test(
    "what is no hash matches nothing, not even itself",
    arguments: ["", "plain", "{SHA}", "$apr1$", "$2y$99$x", "*0", "*", "!", "$9$unknown$x", "$y$"])
  func nonsense(_ hash: String) {
    for password in ["", hash, "x"] { #expect(!PasswordHash(hash).matches(password)) }
    #expect(!PasswordHash("{SHA}yYc7F4sJOzRxuK6sWUkiYM9guWw=").matches("correct horse: $b\0"))
  }

  @Test("comments, empty lines, lines without a hash and fields behind the hash")
  func entries() {
    let found = PasswordFile.entries("# a: comment\n\nalice:one\r\nbob\nbob:two:more\n:x\nalice:three\n")
    #expect(found.map { "\($0.user)=\($0.hash)" } == ["alice=one", "bob=two", "alice=three"])
  }
}
