import Documents
import EtcdClient
import Support

/// Flags of etcd, and the configuration file that says the same: with a file etcd takes no flags.
struct EtcdFlags: Sendable {
  private var values: OrderedDictionary<String, String> = [:]

  /// Reads `--flag=value` and `--flag`.
  ///
  /// - Throws: `ProgramError` with code `usage` for anything else, and where a flag is missing that every member needs.
  init(_ words: [String]) throws {
    for word in words {
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard word.hasPrefix("--"), let name = parts.first, !name.isEmpty else {
        throw ProgramError(.usage, "'\(word)' is no flag of etcd", hint: "write --flag=value")
      }
      values[String(name)] = parts.count > 1 ? String(parts[1]) : "true"
    }
    for name in ["name", "data-dir", "initial-cluster", "initial-advertise-peer-urls", "advertise-client-urls"]
    where self[name]?.isEmpty ?? true {
      throw ProgramError(.usage, "--\(name) of etcd is missing", hint: "give it behind --")
    }
    _ = try others
  }

  subscript(name: String) -> String? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The name of this member.
  var name: String { self["name"] ?? "" }

  /// Addresses at which other members reach this one.
  var peerURLs: [String] { Self.list(self["initial-advertise-peer-urls"]) }

  /// The names of members by their addresses for other members.
  var names: OrderedDictionary<String, String> {
    Self.list(self["initial-cluster"]).reduce(into: [:]) { names, member in
      let parts = member.split(separator: "=", maxSplits: 1)
      if parts.count == 2 { names[String(parts[1])] = String(parts[0]) }
    }
  }

  /// Addresses for clients of the other members: their hosts, with this one's scheme and port.
  var others: [EtcdEndpoint] {
    get throws {
      let own = try EtcdEndpoint.list(self["advertise-client-urls"] ?? "")[0]
      return try names.filter { $0.value != name }.map { url, _ in
        EtcdEndpoint(host: try EtcdEndpoint(url).host, port: own.port, isSecure: own.isSecure)
      }
    }
  }

  private static func list(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map(String.init) }

  /// The content of the file.
  ///
  /// Source: etcd.conf.yml.sample of etcd; only the settings of TLS are called otherwise than their flags.
  var configuration: Value {
    values.reduce(into: [:]) { file, flag in
      let value = Self.value(flag.value, of: flag.key)
      if let name = Self.transportSettings[flag.key] {
        file["client-transport-security", name] = value
      } else if flag.key.hasPrefix("peer-"), let name = Self.transportSettings[String(flag.key.dropFirst(5))] {
        file["peer-transport-security", name] = value
      } else {
        file[flag.key] = value
      }
    }
  }

  private static let transportSettings = [
    "cert-file": "cert-file", "key-file": "key-file", "trusted-ca-file": "trusted-ca-file",
    "client-cert-auth": "client-cert-auth",
  ]

  /// A text, but for flags whose values are numbers or switches: a name may look like one, too.
  private static func value(_ text: String, of flag: String) -> Value {
    if ["client-cert-auth", "peer-client-cert-auth"].contains(flag) || flag.hasPrefix("enable-") {
      return .boolean(text == "true")
    }
    let isNumber = ["-bytes", "-count", "-interval", "-timeout", "-ops"].contains { flag.hasSuffix($0) }
    return (isNumber ? Int(text) : nil).map { Value($0) } ?? .string(text)
  }
}
