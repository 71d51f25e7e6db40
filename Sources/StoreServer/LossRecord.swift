import Glibc
import JSON
import Logging
import StoreProtocol
import Support

/// Remembers beside the main socket whether the store had names, so that the next store can say that they
/// are lost. Without it a client would only learn that a name does not exist.
///
/// Clients may be able to write in this directory, so nothing but a short regular file is read, and it decides nothing
/// but the wording of a message.
struct LossRecord: Sendable {
  private let path: String
  private let log: Logger
  private var lostAt: UInt64?

  init(socketPath: String, log: Logger) {
    path = "\(socketPath).lost.json"
    self.log = log
  }

  /// Reads the record of the store that ran here before.
  ///
  /// - Parameter now: unix milliseconds.
  /// - Returns: when names were lost last, nil when none were.
  mutating func begin(now: UInt64) -> UInt64? {
    guard let json = read() else { return nil }
    let message = RequestMessage()
    json.withUnsafeBytes { bytes in
      guard (try? message.parse(bytes)) != nil else { return }
      if (try? message.boolean("names", default: false)) == true {
        lostAt = now
      } else if message.span("lost_at") != nil {
        lostAt = try? message.integer("lost_at")
      }
    }
    if lostAt != nil { write(hasNames: false) }
    return lostAt
  }

  /// Notes whether there are names now; with nothing to tell there is no file. It waits for the disk.
  func write(hasNames: Bool) {
    guard hasNames || lostAt != nil else {
      unlink(path)
      return
    }
    let lost = lostAt.map { ",\"lost_at\":\($0)" } ?? ""
    let text = "{\"names\":\(hasNames)\(lost)}\n"
    let new = path + ".new"
    unlink(new)
    let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { return log.warning("\(ProgramError.system("cannot write \(new)", errno: errno))") }
    writeText(text, to: file)
    close(file)
    if rename(new, path) != 0 {
      log.warning("\(ProgramError.system("cannot write \(path)", errno: errno))")
      unlink(new)
    }
  }

  private func read() -> [UInt8]? {
    let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(file, &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : nil
  }
}
