import SeededRandom

/// Distorts requests, from valid to nonsense.
enum FrameMutator {
  /// The body of a message made from a valid request.
  static func body(from valid: FuzzRequest, _ random: inout SplitMix64) -> [UInt8] {
    var request = valid
    switch random.number(below: 20) {
    case 0...5: return request.body
    case 6: request.fields.remove(at: random.number(below: request.fields.count))
    case 7, 8: request.fields[random.number(below: request.fields.count)].value = FuzzValues.any(&random)
    case 9: request.fields[random.number(below: request.fields.count)].value = FuzzValues.broken(&random)
    case 10: request.fields.append(random.choose(request.fields))
    case 11:
      let field = random.choose(request.fields)
      request.fields.insert((field.key, FuzzValues.any(&random)), at: random.number(below: request.fields.count + 1))
    case 12: request.fields.append((random.choose(["code", "message", "x", "num", ""]), FuzzValues.any(&random)))
    case 13:
      let index = random.number(below: request.fields.count)
      request.fields[index].key = escaped(request.fields[index].key, &random)
    case 14:
      let value = random.oneIn(2) ? FuzzValues.deep(&random) : FuzzValues.long(&random)
      request.fields[random.number(below: request.fields.count)].value = value
    case 15: request.fields.shuffle(using: &random)
    default: return bytes(distorting: request.body, &random)
    }
    return request.body
  }

  private static func escaped(_ key: String, _ random: inout SplitMix64) -> String {
    guard let first = key.unicodeScalars.first, first.value < 128 else { return "\\n" }
    let digits = String(first.value, radix: 16)
    return random.choose([
      "\\u00" + (digits.count < 2 ? "0" : "") + digits + key.dropFirst(), "\\\\" + key, key + "\\/",
    ])
  }

  private static let brokenUTF8: [[UInt8]] = [
    [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
  ]

  /// Changes single bytes, cuts, repeats and doubles.
  private static func bytes(distorting body: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = body
    for _ in 0...random.number(below: 4) {
      guard !bytes.isEmpty else { break }
      let position = random.number(below: bytes.count)
      switch random.number(below: 9) {
      case 0: bytes[position] ^= 1 << UInt8(random.number(below: 8))
      case 1: bytes[position] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.remove(at: position)
      case 3: bytes.insert(random.choose(Array("{}[]\",:\\0-e.tfn \u{0}".utf8)), at: position)
      case 4: bytes.removeSubrange(position...)
      case 5: bytes.insert(contentsOf: random.choose(brokenUTF8), at: position)
      case 6: bytes += body
      case 7: bytes.swapAt(position, random.number(below: bytes.count))
      default: return (0..<random.number(below: 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      }
    }
    return bytes
  }
}
