import Glibc

/// An IP address; an IPv4 address inside IPv6 counts as IPv4.
struct IPAddress: Equatable {
  /// 4 or 16 bytes, the most significant first.
  let bytes: [UInt8]

  /// - Returns: nil for what is no address, a host name for instance.
  init?(_ text: some StringProtocol) {
    let text = String(text)
    var four = in_addr()
    var six = in6_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = withUnsafeBytes(of: four) { Array($0) }
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      let all = withUnsafeBytes(of: six) { Array($0) }
      bytes = all.prefix(12) == Self.mappedPrefix[...] ? Array(all.suffix(4)) : all
    } else {
      return nil
    }
  }

  private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]

  /// Whether it stands for this machine: 127.0.0.0/8 or ::1.
  var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// Whether the first bits are those of a network.
  func isIn(_ network: IPAddress, bits: Int) -> Bool {
    guard bytes.count == network.bytes.count, bits <= bytes.count * 8 else { return false }
    return (0..<bits).allSatisfy { bit in
      let difference: UInt8 = bytes[bit / 8] ^ network.bytes[bit / 8]
      let mask: UInt8 = 0x80 >> UInt8(bit % 8)
      return difference & mask == 0
    }
  }
}
