import EtcdClient
import Support
import Testing

@Suite("endpoints of etcd")
struct EtcdEndpointTests {
  @Test("given addresses in all forms, then host, port and encryption are read")
  func forms() throws {
    #expect(try EtcdEndpoint("http://10.0.0.7:2380") == EtcdEndpoint(host: "10.0.0.7", port: 2380))
    #expect(try EtcdEndpoint("https://etcd-0.etcd/") == EtcdEndpoint(host: "etcd-0.etcd", isSecure: true))
    #expect(try EtcdEndpoint("etcd") == EtcdEndpoint(host: "etcd"))
    #expect(try EtcdEndpoint("http://[::1]:9") == EtcdEndpoint(host: "::1", port: 9))
    #expect(try EtcdEndpoint("[fe80::1]").description == "http://[fe80::1]:2379")
    #expect(try EtcdEndpoint.list("http://a:1, http://b:2").map(\.host) == ["a", "b"])
  }

  @Test(
    "given what is no address, then it is refused",
    arguments: [
      "", "http://", "http://a:0", "http://a:65536", "http://a:x", "::1", "[::1", "[a]:1", "a b", "http://a/b", ",",
    ])
  func refused(_ text: String) {
    #expect(throws: ProgramError.self) { try EtcdEndpoint.list(text) }
  }

  @Test("given prefixes, then a range ends where the next prefix begins")
  func prefixes() {
    #expect(KeyRange.prefix(bytes("a/")) == KeyRange(start: bytes("a/"), end: bytes("a0")))
    #expect(KeyRange.prefix([1, 0xff, 0xff]) == KeyRange(start: [1, 0xff, 0xff], end: [2]))
    #expect(KeyRange.prefix([0xff]) == KeyRange(start: [0xff], end: [0]))
    #expect(KeyRange.prefix([]) == KeyRange(start: [0], end: [0]))
  }
}
