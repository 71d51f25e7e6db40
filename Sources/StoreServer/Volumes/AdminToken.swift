import StoreProtocol
import Support

/// The secret by which clients on other hosts prove that they may ask about volumes.
struct AdminToken: Sendable {
  /// The file it is in, nil when there is none.
  let path: String?

  /// Reads the file; it waits for the disk.
  func read() -> Result<String, ProgramError> {
    guard let path else { return .success("") }
    return Result { () throws(ProgramError) in try TextFile.read(path) }
  }

  /// Checks a token.
  ///
  /// - Parameter content: what the file contains now, or why it cannot be read.
  /// - Throws: connectionError unless `given` is what the file contains, without white space around it.
  func require(_ given: String?, content: Result<String, ProgramError>?) throws(StoreError) {
    guard let path, let content else {
      throw StoreError(
        .connectionError,
        "requests about volumes are answered over TCP only with a token: start the store with --admin_token_file")
    }
    let text: String
    do throws(ProgramError) {
      text = try content.get()
    } catch {
      throw StoreError(.connectionError, "the admin token cannot be checked: \(error.description)")
    }
    let expected = Self.trimmed(text)
    guard !expected.isEmpty else { throw StoreError(.connectionError, "the admin token in \(path) is empty") }
    guard let given else {
      throw StoreError(.connectionError, "requests about volumes need the field 'admin_token' over TCP")
    }
    guard Self.areEqual(Array(given.utf8), expected) else {
      throw StoreError(.connectionError, "the field 'admin_token' is not the token of this store")
    }
  }

  /// The bytes of a token without white space around it.
  static func trimmed(_ text: String) -> [UInt8] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    var bytes = text.utf8.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return Array(bytes)
  }

  /// Takes the same time wherever the texts differ.
  private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    var difference = UInt8(left.count == right.count ? 0 : 1)
    for (index, byte) in left.enumerated() { difference |= byte ^ right[index % right.count] }
    return difference == 0
  }
}
