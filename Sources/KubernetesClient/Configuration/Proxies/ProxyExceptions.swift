/// The servers that need no proxy, as `NO_PROXY` lists them.
///
/// Source: golang.org/x/net/http/httpproxy, by which kubectl goes: `*`, addresses and networks, domains with everything
/// below them, `.domain` and `*.domain` for what is below only, and each of them with a port.
struct ProxyExceptions {
  private enum Exception {
    case everything
    case network(IPAddress, bits: Int, port: Int?)
    /// A domain with a dot in front.
    case domain(String, includesItself: Bool, port: Int?)
  }

  private let exceptions: [Exception]

  init(_ list: String) {
    let words = list.split { $0 == "," || $0.isWhitespace }
    exceptions = words.compactMap { Self.exception($0.lowercased()) }
  }

  /// Whether a host needs no proxy.
  ///
  /// - Parameter host: a name, or an address without brackets.
  func cover(host: String, port: Int) -> Bool {
    let host = host.lowercased()
    let address = IPAddress(host)
    return exceptions.contains { exception in
      switch exception {
      case .everything: return true
      case .network(let network, let bits, let onlyPort):
        return address.map { $0.isIn(network, bits: bits) } == true && (onlyPort ?? port) == port
      case .domain(let domain, let includesItself, let onlyPort):
        let isCovered = host.hasSuffix(domain) || includesItself && host == domain.dropFirst()
        return address == nil && isCovered && (onlyPort ?? port) == port
      }
    }
  }

  private static func exception(_ word: String) -> Exception? {
    if word == "*" { return .everything }
    if let slash = word.firstIndex(of: "/") {
      guard let network = IPAddress(word[..<slash]), let bits = Int(word[word.index(after: slash)...]), bits >= 0
      else { return nil }
      return .network(network, bits: bits, port: nil)
    }
    if let address = IPAddress(word) { return .network(address, bits: address.bytes.count * 8, port: nil) }
    let (host, port) = split(word)
    if let address = IPAddress(host) { return .network(address, bits: address.bytes.count * 8, port: port) }
    let name = host.hasPrefix("*.") ? host.dropFirst() : host
    guard !name.isEmpty else { return nil }
    let isBelow = name.hasPrefix(".")
    return .domain(isBelow ? String(name) : ".\(name)", includesItself: !isBelow, port: port)
  }

  /// Takes a port off, and the brackets around an IPv6 address.
  private static func split(_ word: String) -> (host: Substring, port: Int?) {
    var (host, port) = (word[...], Int?.none)
    if let colon = word.lastIndex(of: ":"), let number = Int(word[word.index(after: colon)...]) {
      (host, port) = (word[..<colon], number)
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (host, port)
  }
}
