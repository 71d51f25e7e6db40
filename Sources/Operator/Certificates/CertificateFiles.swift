import Glibc
import Support

/// The certificate as files, under the names that the original and cert-manager use.
struct CertificateFiles: Sendable {
  let directory: String

  var certificate: String { "\(directory)/tls.crt" }
  var key: String { "\(directory)/tls.key" }

  /// Replaces the files, each at once.
  ///
  /// - Throws: `CommandError`.
  func write(_ certificate: ServingCertificate) throws(CommandError) {
    try replace(key, certificate.key)
    try replace(self.certificate, certificate.certificate)
  }

  private func replace(_ path: String, _ text: String) throws(CommandError) {
    let temporary = "\(path).new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CommandError.system("cannot write \(temporary)", errno: errno) }
    var text = text
    let written = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    let code = errno
    close(descriptor)
    guard written == text.utf8.count else { throw CommandError.system("cannot write \(temporary)", errno: code) }
    guard rename(temporary, path) == 0 else { throw CommandError.system("cannot replace \(path)", errno: errno) }
  }
}
