import Glibc
import Logging
import NIOSSL
import Support
import Synchronization

/// The certificate of a server in a directory, as `tls.crt` and `tls.key`, read again whenever they change.
public final class CertificateFiles: Sendable {
  /// Identity of one state of a file.
  private struct Stamp: Equatable {
    var inode: UInt64 = 0
    var seconds = 0
    var nanoseconds = 0
    var size: Int64 = 0

    init(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return }
      inode = UInt64(status.st_ino)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
      size = Int64(status.st_size)
    }
  }

  private struct State {
    var stamps: [Stamp] = []
    var context: NIOSSLContext?
    /// The last second of the certificate, since 1970.
    var end = 0
    /// The reason why the files as they are now cannot be used.
    var problem: ProgramError?
  }

  private let certificate: String
  private let key: String
  private let log: Logger
  private let state = Mutex(State())

  public init(directory: String, log: Logger) {
    certificate = "\(directory)/tls.crt"
    key = "\(directory)/tls.key"
    self.log = log
  }

  /// The certificate as it is now. Files that cannot be used leave the one before.
  public func context() -> NIOSSLContext? {
    state.withLock { state in
      refresh(&state)
      return state.context
    }
  }

  /// The reason why clients do not trust it now, on one line; nil when there is none.
  public func problem(now: Timestamp = .now()) -> String? {
    state.withLock { state in
      refresh(&state)
      guard state.context != nil else { return state.problem?.description ?? "there is no certificate yet" }
      return Int64(state.end) < now.milliseconds / 1000 ? "the certificate in \(certificate) has expired" : nil
    }
  }

  private func refresh(_ state: inout State) {
    // Before the files are read: a change in between is then seen the next time.
    let stamps = [Stamp(certificate), Stamp(key)]
    guard stamps != state.stamps else { return }
    state.stamps = stamps
    do throws(ProgramError) {
      guard let loaded = try load() else { return }
      (state.context, state.end) = loaded
      state.problem = nil
      log.info("the certificate in \(certificate) is served")
    } catch {
      state.problem = error
      log.warning("the certificate cannot be used: \(error)")
    }
  }

  /// - Returns: nil when there are no files.
  private func load() throws(ProgramError) -> (NIOSSLContext, end: Int)? {
    guard let chain = try TextFile.readIfPresent(certificate), let secret = try TextFile.readIfPresent(key) else {
      return nil
    }
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
      guard let first = certificates.first else { throw ProgramError(.failed, "\(certificate) has no certificate") }
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: certificates.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(secret.utf8), format: .pem)))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      return (try NIOSSLContext(configuration: configuration), first.notValidAfter)
    } catch let error as ProgramError {
      throw error
    } catch {
      throw ProgramError(.failed, "\(certificate) and its key do not fit", cause: "\(error)")
    }
  }
}
