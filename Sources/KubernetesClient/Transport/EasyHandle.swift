import CCurl
import Glibc

/// A libcurl easy handle; used by one thread only.
final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  /// Options of the connection.
  var settings = TransferSettings()
  /// Whether it has a connection of its own, be it unfinished, and does not only wait for that of another one.
  var hasConnection: Bool { microseconds(CURLINFO_NAMELOOKUP_TIME_T) > 0 || text(of: CURLE_OK).hasPrefix("Resolving") }
  /// Whether a TLS handshake has begun.
  var hasBegunTLS: Bool { tlsMark.pointee }
  private let tlsMark = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
  private var lists: [UnsafeMutablePointer<curl_slist>] = []
  private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  init() throws(TransportFailure) {
    try CurlLibrary.start()
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    guard let pointer = ccurl_easy_init() else { throw TransportFailure(.unusable, "libcurl gives no handle") }
    self.pointer = pointer
    try set(CURLOPT_ERRORBUFFER, errorText)
    try set(CURLOPT_NOSIGNAL, 1)
    tlsMark.initialize(to: false)
    try set(CURLOPT_SSL_CTX_DATA, tlsMark)
    _ = ccurl_set_tls_callback(pointer, CURLOPT_SSL_CTX_FUNCTION) { _, _, context in
      context?.assumingMemoryBound(to: Bool.self).pointee = true
      return CURLE_OK
    }
  }

  deinit {
    ccurl_easy_cleanup(pointer)
    for list in lists { ccurl_slist_free_all(list) }
    errorText.deallocate()
    tlsMark.deallocate()
  }

  /// Sets a number or a switch.
  func set(_ option: CURLoption, _ value: Int) throws(TransportFailure) {
    try check(ccurl_set_long(pointer, option, value), option)
  }

  /// Sets a text, which libcurl copies.
  func set(_ option: CURLoption, _ value: String?) throws(TransportFailure) {
    guard let value else { return try check(ccurl_set_string(pointer, option, nil), option) }
    try check(value.withCString { ccurl_set_string(pointer, option, $0) }, option)
  }

  func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) throws(TransportFailure) {
    try check(ccurl_set_pointer(pointer, option, value), option)
  }

  /// Sets bytes, which libcurl copies.
  func set(_ option: CURLoption, blob: [UInt8]) throws(TransportFailure) {
    try check(blob.withUnsafeBytes { ccurl_set_blob(pointer, option, $0.baseAddress, $0.count) }, option)
  }

  /// Sets bytes for an option that copies what it points to.
  func set(_ option: CURLoption, copying bytes: [UInt8]) throws(TransportFailure) {
    let code = bytes.withUnsafeBytes {
      ccurl_set_pointer(pointer, option, UnsafeMutableRawPointer(mutating: $0.baseAddress))
    }
    try check(code, option)
  }

  /// Sets a list of texts, which lives as long as the handle.
  func set(_ option: CURLoption, _ values: [String]) throws(TransportFailure) {
    var list: UnsafeMutablePointer<curl_slist>?
    for value in values {
      guard let longer = ccurl_slist_append(list, value) else {
        throw TransportFailure(.unusable, "libcurl is out of memory")
      }
      list = longer
    }
    guard let list else { return }
    lists.append(list)
    try check(ccurl_set_list(pointer, option, list), option)
  }

  func set(_ option: CURLoption, _ callback: ccurl_write_callback) throws(TransportFailure) {
    try check(ccurl_set_write(pointer, option, callback), option)
  }

  private func check(_ code: CURLcode, _ option: CURLoption) throws(TransportFailure) {
    guard code != CURLE_OK else { return }
    let text = String(cString: ccurl_easy_strerror(code))
    throw TransportFailure(.unusable, "libcurl refuses option \(option.rawValue): \(text)")
  }

  /// A number about the exchange, 0 when there is none.
  func number(_ info: CURLINFO) -> Int {
    var value = 0
    return ccurl_get_long(pointer, info, &value) == CURLE_OK ? value : 0
  }

  /// A time in microseconds from the start, 0 for what was not reached.
  func microseconds(_ info: CURLINFO) -> Int {
    var value: curl_off_t = 0
    return ccurl_get_offset(pointer, info, &value) == CURLE_OK ? Int(value) : 0
  }

  /// The URL of the exchange, empty before it is set.
  var url: String {
    var value: UnsafeMutableRawPointer?
    guard ccurl_get_pointer(pointer, CURLINFO_EFFECTIVE_URL, &value) == CURLE_OK, let value else { return "" }
    return String(cString: value.assumingMemoryBound(to: CChar.self))
  }

  /// libcurl's text about the last error.
  func text(of code: CURLcode) -> String {
    let text = String(cString: errorText)
    return text.isEmpty ? String(cString: ccurl_easy_strerror(code)) : text
  }
}

/// The library as a whole.
enum CurlLibrary {
  /// Loads and prepares the library once per process.
  static func start() throws(TransportFailure) {
    guard let obstacle = ccurl_load() else { return }
    throw TransportFailure(
      .unusable, "libcurl cannot be used (Debian has it in libcurl4): \(String(cString: obstacle))")
  }
}
