import Glibc
import HTTPEndpoint
import KubernetesObjects
import Logging
import Support
import Testing

@testable import Operator

@Suite struct CertificateFilesTests {
  private let path: String
  private let silent = Logger(write: { _ in })

  init() throws {
    var template = Array("/tmp/certificates-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  private func pair(_ server: Int64 = 1000, now: Timestamp = .now()) throws -> (certificate: [UInt8], key: [UInt8]) {
    let rotation = Rotation(lives: CertificateLives(server: .seconds(server)))
    let data = try ServingCertificates(names: ["a.svc"], rotation, now: now).data
    let bytes = ["tls.crt", "tls.key"].map { data[$0]?.string.flatMap { Base64.decode($0) } ?? [] }
    return (bytes[0], bytes[1])
  }

  private func names() -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.filter { $0 != "." && $0 != ".." }.sorted()
  }

  @Test func aDirectoryHoldsTheNewestPairOnly() throws {
    let directory = CertificateDirectory(path: path)
    for _ in 0..<3 {
      let pair = try pair()
      #expect(try directory.write(certificate: pair.certificate, key: pair.key))
      #expect(try TextFile.read("\(path)/tls.crt").utf8.elementsEqual(pair.certificate))
      #expect(try TextFile.read("\(path)/tls.key").utf8.elementsEqual(pair.key))
      #expect(try !directory.write(certificate: pair.certificate, key: pair.key))
    }
    let found = names()
    #expect(found.count == 4 && found.filter { $0.hasPrefix("..certificate-") }.count == 1)
  }

  @Test func filesOfSomebodyElseAreReplaced() throws {
    for name in ["tls.crt", "tls.key"] { close(creat("\(path)/\(name)", 0o600)) }
    let pair = try pair()
    #expect(try CertificateDirectory(path: path).write(certificate: pair.certificate, key: pair.key))
    #expect(try TextFile.read("\(path)/tls.crt").utf8.elementsEqual(pair.certificate))
  }

  @Test func aDirectoryThatCannotBeMadeIsNamed() throws {
    #expect {
      _ = try CertificateDirectory(path: "/proc/none").write(certificate: [1], key: [2])
    } throws: { "\($0)".contains("/proc/none") }
  }

  @Test func aCertificateIsServedOnceItIsThereAndRenewedWhenItChanges() throws {
    let files = CertificateFiles(directory: path, log: silent)
    #expect(files.context() == nil && files.problem() == "there is no certificate yet")
    let directory = CertificateDirectory(path: path)
    var pair = try pair()
    _ = try directory.write(certificate: pair.certificate, key: pair.key)
    let first = try #require(files.context())
    #expect(files.context() === first && files.problem() == nil)
    pair = try self.pair()
    _ = try directory.write(certificate: pair.certificate, key: pair.key)
    #expect(files.context() !== first)
  }

  @Test func filesThatDoNotFitLeaveTheCertificateBefore() throws {
    let files = CertificateFiles(directory: path, log: silent)
    let directory = CertificateDirectory(path: path)
    let (one, two) = (try pair(), try pair())
    _ = try directory.write(certificate: one.certificate, key: two.key)
    #expect(files.context() == nil && files.problem()?.contains("do not fit") == true)
    _ = try directory.write(certificate: one.certificate, key: one.key)
    let good = try #require(files.context())
    for (certificate, key) in [(two.certificate, one.key), ([], []), (Array("rubbish".utf8), one.key)] {
      _ = try directory.write(certificate: certificate, key: key)
      #expect(files.context() === good && files.problem() == nil)
    }
  }

  @Test func anExpiredCertificateIsAProblem() throws {
    let files = CertificateFiles(directory: path, log: silent)
    let now = Timestamp.now()
    let pair = try pair(1000, now: now)
    _ = try CertificateDirectory(path: path).write(certificate: pair.certificate, key: pair.key)
    #expect(files.problem(now: Timestamp(milliseconds: now.milliseconds + 999_000)) == nil)
    let later = Timestamp(milliseconds: now.milliseconds + 1_002_000)
    #expect(files.problem(now: later)?.hasSuffix("has expired") == true)
  }
}
