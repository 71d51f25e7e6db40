import Support

/// Files one after the other, as tar(1) reads them.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format".
public struct TarArchive: Sendable {
  private static let block = 512

  public private(set) var bytes: [UInt8] = []
  private let time: Int64

  /// - Parameter time: of all files.
  public init(time: Timestamp) { self.time = max(0, time.milliseconds / 1000) }

  /// Adds a file that only its owner may read.
  ///
  /// - Parameter name: of at most 100 bytes; what is longer is cut in front.
  public mutating func add(_ name: String, _ content: [UInt8]) {
    bytes += header(String(decoding: name.utf8.suffix(100), as: UTF8.self), content.count)
    bytes += content
    bytes += [UInt8](repeating: 0, count: (Self.block - content.count % Self.block) % Self.block)
  }

  /// The archive with its end.
  public var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 2 * Self.block) }

  private func header(_ name: String, _ size: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: Self.block)
    func put(_ text: String, at place: Int) {
      for (index, byte) in text.utf8.enumerated() { header[place + index] = byte }
    }
    put(name, at: 0)
    put("0000600", at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    put(octal(Int64(size), 11), at: 124)
    put(octal(time, 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int64($1) }, 6), at: 148)
    header[154] = 0
    return header
  }

  private func octal(_ value: Int64, _ width: Int) -> String {
    let digits = String(value, radix: 8)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The content of a file in an archive; nil when there is no such file.
  ///
  /// - Throws: `ProgramError` for what is no archive.
  public static func file(_ name: String, in archive: [UInt8]) throws(ProgramError) -> [UInt8]? {
    let broken = ProgramError(.failed, "it is no archive of 'vineyardctl sysdump'")
    var place = 0
    while place + block <= archive.count, archive[place] != 0 {
      guard archive[place + 257..<place + 262].elementsEqual("ustar".utf8) else { throw broken }
      let found = String(decoding: archive[place..<place + 100].prefix { $0 != 0 }, as: UTF8.self)
      let digits = String(decoding: archive[place + 124..<place + 135].prefix { $0 != 0 }, as: UTF8.self)
      guard let size = Int(digits, radix: 8), size <= archive.count - place - block else { throw broken }
      let start = place + block
      if found == name { return Array(archive[start..<start + size]) }
      place = start + (size + block - 1) / block * block
    }
    if archive.count < block { throw broken }
    return nil
  }
}
