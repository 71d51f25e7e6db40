import NIOSSL
import Support

/// Files in PEM form that flags name for TLS, looked at before anything depends on them.
public struct TLSFiles: Sendable, Equatable {
  /// A file, and the flag that names it.
  public struct File: Sendable, Equatable {
    let flag: String
    let path: String

    /// - Parameter flag: with its dashes.
    public init(flag: String, path: String) {
      self.flag = flag
      self.path = path
    }
  }

  private let certificate: File?
  private let key: File?
  private let authorities: File?

  public init(certificate: File?, key: File?, authorities: File?) {
    self.certificate = certificate
    self.key = key
    self.authorities = authorities
  }

  /// Reads the files.
  ///
  /// - Returns: a line for each file that is right and cannot be used at this time: it has expired, or begins later.
  /// - Throws: `ProgramError` with code `usage` for a file that cannot be read, is none in PEM form, or does not fit.
  public func check(now: Timestamp = .now()) throws(ProgramError) -> [ProgramError] {
    var lapses: [ProgramError] = []
    if let authorities {
      let known = try Self.certificates(in: authorities)
      // One that is still good is enough.
      let reasons = known.compactMap { Self.lapse($0, now) }
      if reasons.count == known.count, let reason = reasons.first {
        lapses.append(Self.invalid(authorities, reason, hint: Self.renewal))
      }
    }
    guard let certificate, let key else { return lapses }
    let chain = try Self.certificates(in: certificate)
    try Self.requireKey(key, of: certificate, chain)
    if let reason = chain.first.flatMap({ Self.lapse($0, now) }) {
      lapses.append(Self.invalid(certificate, reason, hint: Self.renewal))
    }
    return lapses
  }

  /// - Returns: one at least.
  private static func certificates(in file: File) throws(ProgramError) -> [NIOSSLCertificate] {
    let bytes = try bytes(of: file)
    guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
      throw invalid(file, "it has no certificate in PEM form")
    }
    return found
  }

  private static func requireKey(
    _ file: File, of certificate: File, _ chain: [NIOSSLCertificate]
  ) throws(ProgramError) {
    let bytes = try bytes(of: file)
    guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
      throw invalid(file, "it has no key in PEM form, or one that a password protects")
    }
    let configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    guard (try? NIOSSLContext(configuration: configuration)) == nil else { return }
    throw invalid(file, "it is not the key of \(certificate.flag) '\(certificate.path)'")
  }

  private static func bytes(of file: File) throws(ProgramError) -> [UInt8] {
    do throws(ProgramError) {
      return try TextFile.readBytes(file.path, limit: TextFile.sizeLimit)
    } catch {
      throw invalid(file, error.cause ?? error.message)
    }
  }

  /// The reason why a certificate cannot be used at a time.
  private static func lapse(_ certificate: NIOSSLCertificate, _ now: Timestamp) -> String? {
    let (first, last) = (Int64(certificate.notValidBefore), Int64(certificate.notValidAfter))
    if now.milliseconds / 1000 > last { return "it expired at \(Timestamp(milliseconds: last * 1000))" }
    if now.milliseconds / 1000 < first { return "it is valid from \(Timestamp(milliseconds: first * 1000)) on" }
    return nil
  }

  private static func invalid(
    _ file: File, _ cause: String, hint: String = "give PEM files that belong together"
  ) -> ProgramError {
    ProgramError(.usage, "invalid \(file.flag) '\(file.path)'", cause: cause, hint: hint)
  }

  private static let renewal = "give one that is valid now, and look at the clock of this machine"
}
