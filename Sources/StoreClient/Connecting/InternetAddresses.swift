import Glibc
import Support

/// The addresses, of IPv4 and IPv6, that a host and a port stand for.
struct InternetAddresses: ~Copyable {
  private let first: UnsafeMutablePointer<addrinfo>

  /// - Throws: `ProgramError` when the name leads to no address.
  init(host: String, port: UInt16) throws(ProgramError) {
    var wanted = addrinfo()
    wanted.ai_family = AF_UNSPEC
    wanted.ai_socktype = CInt(SOCK_STREAM.rawValue)
    wanted.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &wanted, &found)
    guard code == 0, let found else {
      throw ProgramError(.failed, "cannot find the host '\(host)'", cause: String(cString: gai_strerror(code)))
    }
    first = found
  }

  deinit { freeaddrinfo(first) }

  /// Tries one address after the other and returns a connected socket, or -1 with the `errno` of the last attempt.
  func connect(_ prepare: (CInt) -> Void) -> CInt {
    var next: UnsafeMutablePointer<addrinfo>? = first
    while let candidate = next?.pointee {
      let file = socket(candidate.ai_family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
      if file >= 0 {
        prepare(file)
        if Glibc.connect(file, candidate.ai_addr, candidate.ai_addrlen) == 0 { return file }
        let code = errno
        close(file)
        errno = code
      }
      next = candidate.ai_next
    }
    return -1
  }
}
