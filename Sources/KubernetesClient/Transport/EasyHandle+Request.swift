import CCurl
import Glibc

/// Setting a handle up for an exchange.
extension EasyHandle {
  /// Sets the options that every connection needs: protocols, proxy, keep-alive, TLS.
  func configure(_ options: TransferSettings) throws(TransportFailure) {
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    settings = options
    // For libcurl 0 means five minutes.
    try set(CURLOPT_CONNECTTIMEOUT_MS, options.connectLimit.map { max(1, $0.milliseconds) } ?? Int(Int32.max))
    // Without it a name server that does not answer holds up the end of the process.
    try set(CURLOPT_QUICK_EXIT, 1)
    try configureKeepAlive()
    // Empty texts keep libcurl from reading the environment itself, which it does in other ways than kubectl.
    try set(CURLOPT_PROXY, options.proxy.map { ProxyChoice.resolvingNames($0) } ?? "")
    try set(CURLOPT_NOPROXY, "")
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    if let rule = options.connectTo { try set(CURLOPT_CONNECT_TO, [rule]) }
    try configure(options.tls)
    if let certificate = options.certificate { try configure(certificate) }
  }

  private func configure(_ tls: TLSOptions) throws(TransportFailure) {
    try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    try set(CURLOPT_SSL_VERIFYPEER, tls.skipsVerification ? 0 : 1)
    try set(CURLOPT_SSL_VERIFYHOST, tls.skipsVerification ? 0 : 2)
    guard let authority = tls.authority else { return }
    // Or the system's directory of authorities would be trusted too.
    try set(CURLOPT_CAPATH, nil)
    switch authority {
    case .file(let path):
      try set(CURLOPT_CAINFO, path)
      try set(CURLOPT_CA_CACHE_TIMEOUT, 0)
    case .data(let bytes):
      try set(CURLOPT_CAINFO_BLOB, blob: bytes)
    }
  }

  private func configure(_ certificate: ClientCertificate) throws(TransportFailure) {
    switch certificate.chain {
    case .file(let path): try set(CURLOPT_SSLCERT, path)
    case .data(let bytes): try set(CURLOPT_SSLCERT_BLOB, blob: bytes)
    }
    switch certificate.key {
    case .file(let path): try set(CURLOPT_SSLKEY, path)
    case .data(let bytes): try set(CURLOPT_SSLKEY_BLOB, blob: bytes)
    }
  }

  /// Keep-alive notices an idle peer that is gone, the user timeout (tcp(7)) one that takes no more bytes.
  private func configureKeepAlive() throws(TransportFailure) {
    try set(CURLOPT_TCP_KEEPALIVE, 1)
    try set(CURLOPT_TCP_KEEPIDLE, 20)
    try set(CURLOPT_TCP_KEEPINTVL, 5)
    _ = ccurl_set_socket_callback(pointer, CURLOPT_SOCKOPTFUNCTION) { _, socket, _ in
      var milliseconds: CInt = 30_000
      setsockopt(socket, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, socklen_t(MemoryLayout<CInt>.size))
      return CInt(CURL_SOCKOPT_OK)
    }
  }

  /// Sets the exchange itself.
  func configure(_ request: HTTPRequest) throws(TransportFailure) {
    try set(CURLOPT_URL, request.url)
    try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    // Calls that start together share the first connection instead of opening one each.
    try set(CURLOPT_PIPEWAIT, 1)
    if request.silence == nil { try set(CURLOPT_ACCEPT_ENCODING, "gzip") }
    if let body = request.body {
      try set(CURLOPT_POSTFIELDSIZE, body.count)
      if request.isSentOnce {
        // Read through a callback that cannot be rewound; once any of it is sent, there is no second time.
        try set(CURLOPT_POST, 1)
      } else {
        try body.isEmpty ? set(CURLOPT_COPYPOSTFIELDS, "") : set(CURLOPT_COPYPOSTFIELDS, copying: body)
      }
    }
    try set(CURLOPT_CUSTOMREQUEST, request.method)
    // A server that answers "100 Continue" late would cost a second.
    try set(CURLOPT_HTTPHEADER, request.headers.map { "\($0.name): \($0.value)" } + ["Expect:"])
    if let timeout = request.timeout { try set(CURLOPT_TIMEOUT_MS, max(1, timeout.milliseconds)) }
    if let silence = request.silence {
      try set(CURLOPT_LOW_SPEED_LIMIT, 1)
      try set(CURLOPT_LOW_SPEED_TIME, max(1, silence.milliseconds / 1000))
    }
  }

  /// Connects the handle with a sink, which must outlive the handle's use.
  func deliver(to sink: TransferSink) throws(TransportFailure) {
    let context = Unmanaged.passUnretained(sink).toOpaque()
    try set(CURLOPT_HEADERDATA, context)
    try set(CURLOPT_WRITEDATA, context)
    try set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      TransferSink.at(context)?.take(headerLine: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
    }
    try set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      TransferSink.at(context)?.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
    }
    guard sink.transfer.request.isSentOnce else { return }
    try set(CURLOPT_READDATA, context)
    try set(CURLOPT_READFUNCTION) { bytes, size, count, context in
      TransferSink.at(context)?.give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count)) ?? 0
    }
  }
}

extension Duration {
  /// Whole milliseconds.
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
