import GRPCCore
import Support

/// A part of a list that is told in parts.
///
/// A token names the last entry of the part before, so that entries which come and go in between move no others.
struct Page<Entry: Sendable>: Sendable {
  let entries: [Entry]
  /// Leads to the next part; empty when there is none.
  let nextToken: String

  /// Cuts a part out of a list.
  ///
  /// - Parameters:
  ///   - list: what is listed; a token is good for lists of this name only.
  ///   - id: names an entry; no two have the same.
  ///   - limit: most entries in the part, 0 for all.
  /// - Throws: `RPCError` with code `aborted` for a token that is none, `invalidArgument` for a negative limit.
  init(
    of all: [Entry], list: String, id: (Entry) -> String, after token: String, limit: Int32
  ) throws(RPCError) {
    guard limit >= 0 else { throw RPCError(code: .invalidArgument, message: "max_entries is negative") }
    let last = try Self.id(in: token, of: list)
    var rest = all.map { (id: id($0), entry: $0) }.sorted { $0.id < $1.id }[...]
    if let last { rest = rest.drop { $0.id <= last } }
    let part = limit == 0 ? rest : rest.prefix(Int(limit))
    entries = part.map(\.entry)
    nextToken = part.count == rest.count ? "" : part.last.map { Self.token($0.id, of: list) } ?? ""
  }

  private static func token(_ id: String, of list: String) -> String { Base64.encode(Array("\(list):\(id)".utf8)) }

  private static func id(in token: String, of list: String) throws(RPCError) -> String? {
    if token.isEmpty { return nil }
    let prefix = "\(list):"
    guard let text = Base64.decode(token).flatMap({ String(validating: $0, as: UTF8.self) }), text.hasPrefix(prefix)
    else {
      throw RPCError(
        code: .aborted, message: "starting_token '\(token)' is not valid (hint: list again without a token)")
    }
    return String(text.dropFirst(prefix.count))
  }
}
