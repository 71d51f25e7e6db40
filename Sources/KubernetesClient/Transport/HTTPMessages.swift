import Support

/// One exchange for the transfer loop to carry out.
struct HTTPRequest: Sendable {
  var method = "GET"
  /// The absolute URL, already escaped.
  var url: String
  /// Path and query of the URL, for those who write the request line themselves.
  var target = "/"
  var headers: [HTTPHeader] = []
  var body: [UInt8]?
  var connection = TransferSettings()
  /// The whole exchange must be over by then; nil for one that may stay open.
  var timeout: Duration?
  /// The longest time without a byte, for exchanges that stay open.
  var silence: Duration?
  /// Whether the body must not be sent a second time when a connection dies, which libcurl does by itself.
  var isSentOnce = false
  /// Bytes of the answer that may wait to be taken.
  var bodyLimit = 256 << 20

  init(_ url: String) { self.url = url }
}

/// One line of a header.
struct HTTPHeader: Sendable, Equatable {
  let name: String
  let value: String

  init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// Address, trust and credentials of connections; exchanges with equal options share connections.
struct TransferSettings: Sendable {
  var tls = TLSOptions()
  var certificate: ClientCertificate?
  /// The URL of the proxy to go through; nil for none.
  var proxy: String?
  /// The longest time to a connection that can be used: name resolution, TCP, proxy and TLS together; nil for ever.
  var connectLimit: Duration? = .seconds(30)
  /// A `host:port:host:port` rule, to connect elsewhere than the URL says.
  var connectTo: String?
}

/// Status line and headers of an answer.
struct HTTPHead: Sendable, Equatable {
  var status = 0
  var headers: [HTTPHeader] = []

  /// The first value of a header, whatever the case of its name.
  func value(_ name: String) -> String? { values(name).first }

  /// Every value of a header.
  func values(_ name: String) -> [String] {
    headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }
}

/// A whole answer.
struct HTTPResponse: Sendable {
  let head: HTTPHead
  let body: [UInt8]

  var status: Int { head.status }
}

/// Puts header lines together; what a proxy or an interim answer sent before counts for nothing.
struct HTTPHeadParser {
  private var pending = HTTPHead()

  /// Takes one line with its line break.
  ///
  /// - Returns: the head, when this was the empty line after a final status.
  mutating func take(_ line: String) -> HTTPHead? {
    let line = line.trimmingLineEnd()
    if line.hasPrefix("HTTP/") {
      let words = line.split(separator: " ", maxSplits: 2)
      pending = HTTPHead(status: words.count > 1 ? Int(words[1]) ?? 0 : 0)
    } else if line.isEmpty {
      return pending.status >= 200 || pending.status == 101 ? pending : nil
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].trimmingBlanks()
      pending.headers.append(HTTPHeader(String(line[..<colon]), value))
    }
    return nil
  }
}
