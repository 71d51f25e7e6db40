import SeededRandom
import StoreProtocol

extension RequestCorpus {
  /// The fields of a request about volumes; over TCP it takes the token, which is not always given.
  mutating func volumeFields(_ type: RequestType) -> [(key: String, value: String)] {
    let token = random.oneIn(3) ? [] : [(key: "admin_token", value: "\"\(KnownIDs.adminToken)\"")]
    return ownFields(type) + token
  }

  private mutating func ownFields(_ type: RequestType) -> [(key: String, value: String)] {
    switch type {
    case .openVolume:
      return [
        ("attributes", random.choose(["{}", "{\"claim\":\"ä\\u0000\"}"])), ("ephemeral", "false"), ("id", volumeID()),
        ("on_delete", random.oneIn(4) ? "\"retain\"" : "\"delete\""), ("quota", quota()),
        ("scope", random.oneIn(3) ? "\"cluster\"" : "\"volume\""), ("source", source()),
      ]
    case .inspectVolume:
      return [("id", volumeID()), ("kind", random.choose(["\"volume\"", "\"snapshot\""]))]
    case .resizeVolume:
      let onDelete =
        random.oneIn(3) ? [(key: "on_delete", value: random.choose(["\"retain\"", "\"delete\"", "1"]))] : []
      return [("id", volumeID()), ("quota", quota())] + onDelete
    case .freezeVolume: return [("frozen", random.oneIn(3) ? "true" : "false"), ("id", volumeID())]
    case .forgetNode: return [("node", random.choose(["\"localhost\"", "\"\"", "\"n 1\""]))]
    case .deleteVolume, .deleteSnapshot: return [("id", volumeID())]
    case .createSnapshot: return [("attributes", "{}"), ("id", volumeID()), ("source", volumeID())]
    default: return []
    }
  }

  private mutating func volumeID() -> String {
    if random.oneIn(12) { return random.choose(["\"\"", "\"..\"", "\"a/b\"", "\"ü\"", "\"\\u0000\""]) }
    return "\"\(random.choose(KnownIDs.volumeIDs))\""
  }

  private mutating func quota() -> String {
    random.choose(["0", "0", "65536", "2097152", "\(16 * mebibyte)", "18446744073709551615"])
  }

  private mutating func source() -> String {
    if random.oneIn(2) { return "null" }
    return "{\"kind\":\(random.choose(["\"volume\"", "\"snapshot\""])),\"id\":\(volumeID())}"
  }
}
