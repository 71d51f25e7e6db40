import Glibc
import NIOSSL
import Support
import Synchronization

/// The certificate for new TLS connections, read again when its files have changed.
final class ServedCertificate: Sendable {
  /// What tells that a file has changed.
  private struct Stamp: Equatable {
    let inode: UInt
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
      var information = stat()
      guard stat(path, &information) == 0 else { return nil }
      inode = UInt(information.st_ino)
      seconds = information.st_mtim.tv_sec
      nanoseconds = information.st_mtim.tv_nsec
    }
  }

  private struct State {
    var stamps: [Stamp?] = []
    var context: NIOSSLContext?
  }

  private let files: CertificateFiles
  private let log: Log
  private let state = Mutex(State())

  init(_ files: CertificateFiles, log: Log) {
    self.files = files
    self.log = log
  }

  /// The certificate to show; nil while there is none. One that cannot be read leaves the last good one in place.
  var context: NIOSSLContext? {
    state.withLock { state in
      let stamps = [Stamp(files.certificate), Stamp(files.key)]
      guard stamps != state.stamps else { return state.context }
      guard stamps.allSatisfy({ $0 != nil }) else { return state.context }
      do {
        state.context = try read()
        state.stamps = stamps
        log.info("the certificate in \(files.directory) is served")
      } catch {
        // While the files are replaced they may not belong together; the next connection looks again.
        log.debug("the certificate in \(files.directory) cannot be used: \(error)")
      }
      return state.context
    }
  }

  private func read() throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMBytes(Array(try TextFile.read(files.certificate).utf8))
    let key = try NIOSSLPrivateKey(bytes: Array(try TextFile.read(files.key).utf8), format: .pem)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    return try NIOSSLContext(configuration: configuration)
  }
}
