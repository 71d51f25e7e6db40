import Documents
import KubernetesClient
import Support
import Testing

/// Kubeconfigs as tools and editors leave them, which kubectl reads.
@Suite struct OddKubeconfigTests {
  private let plain = ConfigurationWorld.kubeconfig()

  @Test func `a second document does not count`() throws {
    #expect(try ConfigurationWorld("---\n\(plain)\n---\nkind: Config\n").resolve().server == "https://a:6443")
    #expect(try ConfigurationWorld("\(plain)\n---\nnonsense\n").resolve().server == "https://a:6443")
  }

  @Test func `entries without a name are left out`() throws {
    let odd = """
      \(plain)
      preferences: {}
      extensions: null
      """.split(separator: "\n").map { line in
        ["clusters", "users", "contexts"].contains { line.hasPrefix("\($0): [") }
          ? String(line.dropLast()) + ", {name: '', context: {}}, {context: {cluster: b}}, {name: }]" : String(line)
      }.joined(separator: "\n")
    let configuration = try ConfigurationWorld(odd).resolve()
    #expect(configuration.context == "a" && configuration.namespace == "apps")
  }

  @Test(arguments: [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]])
  func `UTF-16 with a byte order mark is read`(_ mark: [UInt8]) throws {
    let world = ConfigurationWorld()
    let units = "\(plain) # schön".utf16
    world.set(
      "/home/u/.kube/config",
      mark
        + units.flatMap { unit -> [UInt8] in
          let bytes = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
          return mark[0] == 0xFF ? bytes : bytes.reversed()
        })
    #expect(try world.resolve().server == "https://a:6443")
    world.set("/home/u/.kube/config", [0xEF, 0xBB, 0xBF] + Array(plain.utf8))
    #expect(try world.resolve().server == "https://a:6443")
  }

  @Test func `thousands of contexts are read, and an error names some of them`() throws {
    let names = (0..<1500).map { "cluster-\($0)" }
    let padding = String(repeating: "x", count: 1000)
    let text = """
      clusters:
      \(names.map { "- {name: \($0), cluster: {server: 'https://\($0):6443', x: \(padding)}}" }.joined(separator: "\n"))
      users: [{name: u, user: {token: t}}]
      contexts:
      \(names.map { "- {name: \($0), context: {cluster: \($0), user: u}}" }.joined(separator: "\n"))
      current-context: cluster-1499
      """
    let world = ConfigurationWorld(text)
    #expect(text.utf8.count > 1 << 20)
    #expect(try world.resolve().server == "https://cluster-1499:6443")
    let failure = try world.failure(ConnectionOptions(context: "cluster-x"))
    #expect(failure.contains("known are cluster-0, cluster-1, ") && failure.contains(" and 1490 more (hint: did you"))
    #expect(failure.utf8.count < 500)
  }

  @Test func `a kubeconfig of megabytes is read from the disk, and a device without an end is not`() throws {
    let folder = try PluginFolder(nil)
    try folder.write("token", "\(plain)\n# \(String(repeating: "x", count: 3 << 20))\n")
    let options = ConnectionOptions(kubeconfig: "\(folder.path)/token")
    #expect(try ClientConfiguration.resolve(options, sources: .process).context == "a")
  }

  @Test func `certificates are taken in every encoding that people have`() throws {
    let certificate = Array(ConfigurationWorld.certificate.utf8)
    let utf16: [UInt8] = [0xFF, 0xFE] + certificate.flatMap { [$0, 0] as [UInt8] }
    func authority(_ bytes: [UInt8]) throws -> PEM? {
      let world = ConfigurationWorld(
        ConfigurationWorld.kubeconfig(cluster: "server: https://a, certificate-authority: /ca"))
      world.set("/ca", bytes)
      let data = ConfigurationWorld(
        ConfigurationWorld.kubeconfig(cluster: "server: https://a, certificate-authority-data: \(Base64.encode(bytes))")
      )
      let fromFile = try world.resolve().tls.authority
      let fromData = try data.resolve().tls.authority
      if case .data = fromFile { #expect(fromData == fromFile) } else { #expect(fromData == .data(bytes)) }
      return fromFile
    }
    // A bundle whose comments are in Latin-1.
    #expect(try authority([0x23, 0xE9, 0x0A] + certificate) == .file("/ca"))
    #expect(try authority(Array(repeating: certificate, count: 40_000).flatMap { $0 }) == .file("/ca"))
    #expect(try authority(utf16) == .data(certificate))
    let der: [UInt8] = [0x30, 0x82, 0x00, 0x02, 0x05, 0x00]
    #expect(
      try authority(der)
        == .data(Array("-----BEGIN CERTIFICATE-----\nMIIAAgUA\n-----END CERTIFICATE-----\n".utf8)))
  }
}
