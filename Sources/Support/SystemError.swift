import Glibc

/// The C library's text for an error number, for instance `No such file or directory`.
///
/// glibc keeps the text per thread (strerror(3), since 2.32), so threads do not disturb each other.
public func errorText(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
