import Crypto
import Glibc
import Support
import Testing

@testable import HTTPEndpoint

@Suite("files for TLS, before the store starts")
struct TLSFilesTests {
  private let directory: TemporaryDirectory
  private let certificate: TLSFiles.File
  private let key: TLSFiles.File
  /// In the time of the certificate.
  private static let now = Timestamp(milliseconds: 1_800_000_000_000)

  init() throws {
    directory = try TemporaryDirectory()
    let digits = "e56c61ab95dd1c1684aa2624fe405e0fec504d3de350f24492e6646624b72445"
    let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
    certificate = TLSFiles.File(flag: "--cert", path: directory.path + "/tls.crt")
    key = TLSFiles.File(flag: "--key", path: directory.path + "/tls.key")
    try TextFile.write(Self.selfSigned, to: certificate.path)
    try TextFile.write(try P256.Signing.PrivateKey(rawRepresentation: bytes).pemRepresentation, to: key.path)
  }

  @Test("those that fit are right, also without a certificate of one's own")
  func right() throws {
    let files = TLSFiles(certificate: certificate, key: key, authorities: certificate)
    #expect(try files.check(now: Self.now).isEmpty)
    #expect(try TLSFiles(certificate: nil, key: nil, authorities: certificate).check(now: Self.now).isEmpty)
    #expect(try TLSFiles(certificate: nil, key: nil, authorities: nil).check(now: Self.now).isEmpty)
  }

  @Test("before and after its time a certificate is told")
  func lapsed() throws {
    let files = TLSFiles(certificate: certificate, key: key, authorities: certificate)
    let early = try files.check(now: Timestamp(milliseconds: 0))
    #expect(early.map(\.cause) == Array(repeating: "it is valid from 2026-12-01T22:10:20.000Z on", count: 2))
    let late = try files.check(now: Timestamp(milliseconds: 5_000_000_000_000))
    #expect(late.last?.message == "invalid --cert '\(certificate.path)'" && late.count == 2)
    #expect(late.last?.cause == "it expired at 2126-11-07T22:10:20.000Z")
  }

  @Test("[Error] the key of another certificate")
  func foreign() throws {
    try TextFile.write(P256.Signing.PrivateKey().pemRepresentation, to: key.path)
    expectRefused(key, "it is not the key of --cert '\(certificate.path)'")
  }

  @Test("[Error] a text instead of a key, of a certificate and of authorities, and nothing")
  func texts() throws {
    try TextFile.write("hello\n", to: key.path)
    expectRefused(key, "it has no key in PEM form, or one that a password protects")
    try TextFile.write("", to: certificate.path)
    expectRefused(certificate, "it has no certificate in PEM form")
    let error = #expect(throws: ProgramError.self) {
      try TLSFiles(certificate: nil, key: nil, authorities: key).check(now: Self.now)
    }
    #expect(error?.message == "invalid --key '\(key.path)'" && error?.code == .usage)
    unlink(key.path)
    let missing = #expect(throws: ProgramError.self) {
      try TLSFiles(certificate: nil, key: nil, authorities: key).check(now: Self.now)
    }
    #expect(missing?.cause == "No such file or directory")
  }

  private func expectRefused(_ file: TLSFiles.File, _ cause: String) {
    let error = #expect(throws: ProgramError.self) {
      try TLSFiles(certificate: certificate, key: key, authorities: nil).check(now: Self.now)
    }
    #expect(error?.code == .usage && error?.message == "invalid \(file.flag) '\(file.path)'")
    #expect(error?.cause == cause)
  }

  private static let selfSigned = """
    -----BEGIN CERTIFICATE-----
    MIIBbjCCARWgAwIBAgIUDFTttJQ5oxJ+4ApuQroHSj7z+CwwCgYIKoZIzj0EAwIw
    DDEKMAgGA1UEAwwBYTAgFw0yNjEyMDEyMjEwMjBaGA8yMTI2MTEwNzIyMTAyMFow
    DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMbTw51x/skk
    YZPZhcKMGCtNVzqIILwJm3UtGQcKDSsI1BmbMTmjD5jo0GLpknZkO/7Vf+ItBe+p
    /YEQxgJlURWjUzBRMB0GA1UdDgQWBBThY2PhlBPfXDy3QBWqSR0xCJStEjAfBgNV
    HSMEGDAWgBThY2PhlBPfXDy3QBWqSR0xCJStEjAPBgNVHRMBAf8EBTADAQH/MAoG
    CCqGSM49BAMCA0cAMEQCIETMvxczQ7y+av53zZE7pWSaZ+TtswuIwFZA3iB/d0CB
    AiB3jgrFTm6JHRdKpf3eTKwxPN96GWghpKXY40eC66yAmw==
    -----END CERTIFICATE-----

    """
}
