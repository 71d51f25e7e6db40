import Documents
import EtcdClient
import Support
import Testing

@testable import Commands

/// Flags of etcd, as the StatefulSet gives them, and the file that says the same.
@Suite struct EtcdFlagsTests {
  private static let needed = [
    "--name=c-etcd-1", "--data-dir=/d", "--advertise-client-urls=https://c-etcd-1.c-etcd.n.svc:2379",
    "--initial-advertise-peer-urls=https://c-etcd-1.c-etcd.n.svc:2380",
    "--initial-cluster=c-etcd-0=https://c-etcd-0.c-etcd.n.svc:2380,c-etcd-1=https://c-etcd-1.c-etcd.n.svc:2380",
  ]

  @Test func `the others are asked at the client port of the hosts that members have`() throws {
    let flags = try EtcdFlags(Self.needed)
    #expect(try flags.others.map(\.description) == ["https://c-etcd-0.c-etcd.n.svc:2379"])
    #expect(flags.peerURLs == ["https://c-etcd-1.c-etcd.n.svc:2380"])
    #expect(flags.names["https://c-etcd-0.c-etcd.n.svc:2380"] == "c-etcd-0")
  }

  @Test func `settings of TLS have their own places, numbers and switches their own types`() throws {
    let file = try EtcdFlags(
      Self.needed + [
        "--cert-file=/c", "--client-cert-auth", "--peer-trusted-ca-file=/p", "--peer-client-cert-auth=true",
        "--quota-backend-bytes=2147483648", "--enable-grpc-gateway=false", "--initial-cluster-token=17",
        "--auto-compaction-retention=1h",
      ]
    ).configuration
    #expect(file["client-transport-security"] == ["cert-file": "/c", "client-cert-auth": true])
    #expect(file["peer-transport-security"] == ["trusted-ca-file": "/p", "client-cert-auth": true])
    #expect(file["quota-backend-bytes"] == 2_147_483_648 && file["enable-grpc-gateway"] == false)
    #expect(file["initial-cluster-token"] == "17" && file["auto-compaction-retention"] == "1h")
    #expect(file["cert-file"] == nil && file["name"] == "c-etcd-1")
  }

  @Test(
    arguments: [
      ("name", "'name' is no flag of etcd"), ("--=1", "'--=1' is no flag of etcd"),
      ("--initial-cluster=", "--initial-cluster of etcd is missing"),
      ("--advertise-client-urls=https://", "'https://' is no address of etcd"),
    ])
  func `what makes no sense is refused`(_ word: String, _ message: String) {
    let error = #expect(throws: ProgramError.self) { try EtcdFlags(Self.needed + [word]) }
    #expect(error?.message == message)
  }
}
