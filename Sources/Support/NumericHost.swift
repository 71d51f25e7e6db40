import Glibc

/// The address in a socket address as text, such as `10.0.0.7` or `::1`; `?` for one without (getnameinfo(3)).
public func numericHost(of address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
    guard let base = buffer.baseAddress,
      getnameinfo(address, length, base, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
    else { return "?" }
    return String(cString: base)
  }
}
