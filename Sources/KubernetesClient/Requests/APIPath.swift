import KubernetesObjects

/// Path and query of a request, below the server's URL.
struct APIPath: Sendable, Equatable {
  /// Escaped, with a slash in front.
  private var path: String
  private var query: [String] = []

  /// A path of segments, escaped here.
  init(_ segments: String...) { path = segments.map { "/\($0.urlEscaped)" }.joined() }

  /// `/api/v1` or `/apis/<group>/<version>`.
  init(groupOf type: ObjectType) {
    self = type.group.isEmpty ? APIPath("api", type.version) : APIPath("apis", type.group, type.version)
  }

  /// All objects of a resource, in one namespace or in every one.
  init(_ resource: APIResource, namespace: String?) {
    self.init(groupOf: resource.type)
    if let namespace, resource.isNamespaced { append("namespaces", namespace) }
    append(resource.plural)
  }

  /// Goes down some segments.
  mutating func append(_ segments: String...) { path += segments.map { "/\($0.urlEscaped)" }.joined() }

  /// Adds a parameter; nil leaves it out.
  mutating func set(_ name: String, _ value: String?) {
    if let value { query.append("\(name.urlEscaped)=\(value.urlEscaped)") }
  }

  func appending(_ segments: String...) -> APIPath {
    var longer = self
    for segment in segments { longer.append(segment) }
    return longer
  }

  func setting(_ name: String, _ value: String?) -> APIPath {
    var longer = self
    longer.set(name, value)
    return longer
  }

  /// The text behind the server's URL.
  var text: String { query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))" }
}

/// Escaping for URLs (RFC 3986).
extension String {
  /// The text as one segment of a path, or as a key or value of a query.
  var urlEscaped: String {
    var escaped = ""
    for byte in utf8 {
      if byte.isUnreserved {
        escaped.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        escaped += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return escaped
  }
}

extension UInt8 {
  /// Letters, digits and `-._~`.
  fileprivate var isUnreserved: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
