import Documents
import Glibc
import Logging
import Support
import Synchronization
import Testing

@testable import KubernetesClient

/// The API server double over TLS, and what tests tell it.
final class APIServerDouble: Sendable {
  /// The one that tests share; each works in a namespace of its own.
  static let shared = Result { try APIServerDouble() }

  let server: String
  let authority: [UInt8]
  let certificate: ClientCertificate
  let token: String
  private let process: ServerProcess

  /// Starts one, with options of `python -m apiserver`.
  init(_ options: String...) throws {
    var template = Array("/tmp/apiserver-XXXXXX\0".utf8.map { CChar($0) })
    try #require(mkdtemp(&template) != nil)
    let directory = String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
    // Nobody reads the files again, so the directory need not outlive the start.
    defer { removeDirectory(directory) }
    process = try ServerProcess(["--directory", directory] + options)
    server = try #require(try Value(json: process.announcement)["server"]?.string)
    authority = try contents("\(directory)/ca.crt")
    certificate = ClientCertificate(
      chain: .data(try contents("\(directory)/client.crt")), key: .data(try contents("\(directory)/client.key")))
    token = String(decoding: try contents("\(directory)/token"), as: UTF8.self)
  }

  /// A configuration for the administrator, or for whom the credentials say.
  func configuration(_ credentials: (any CredentialSource)? = nil) -> ClientConfiguration {
    ClientConfiguration(
      server: server, tls: TLSOptions(authority: .data(authority)),
      credentials: credentials ?? FixedCredentials(Credentials(certificate: certificate)))
  }

  /// Tells the double's control endpoint something.
  @discardableResult
  func control(_ method: String, _ name: String, _ body: Value = [:]) async throws -> Value {
    let path = APIPath("double", name)
    return try await admin.send(APICall(method, path, Operation("control", name), effect: .once, body: body))
  }

  private var admin: KubernetesClient { KubernetesClient(configuration(), log: Logger(minimum: .error)) }

  /// Makes requests go wrong whose path and query match a regular expression.
  func fault(_ kind: String, _ path: String, method: String = ".*", times: Int = 1, _ more: Value = [:]) async throws {
    var fault: Value = ["kind": .string(kind), "path": .string(path), "method": .string(method), "times": Value(times)]
    for (key, value) in more.fields ?? [:] { fault[key] = value }
    let name = try #require(try await control("POST", "faults", fault)["injection"]?.string)
    try #require(Disturbance.asked, "a suite with faults has the trait .disturbancesStrike")
      .append(Disturbance(double: self, name: name))
  }

  /// How often a fault has struck.
  func strikes(of disturbance: String) async throws -> Int {
    try await control("GET", "injections")["counts"]?[disturbance]?.int ?? 0
  }

  /// The requests so far whose path has a text in it.
  func requests(_ part: String) async throws -> [Value] {
    var path = APIPath("double", "requests")
    path.set("path", part)
    return try await admin.send(APICall(path, Operation("read", "requests"))).array ?? []
  }
}

func contents(_ path: String) throws -> [UInt8] { Array(try TextFile.read(path).utf8) }

func removeDirectory(_ directory: String) {
  guard let entries = opendir(directory) else { return }
  while let entry = readdir(entries) {
    let name = withUnsafePointer(to: entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    unlink("\(directory)/\(name)")
  }
  closedir(entries)
  rmdir(directory)
}
