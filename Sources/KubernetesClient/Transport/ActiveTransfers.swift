import CCurl

/// The exchanges under way in one multi handle; lives on the loop's thread.
struct ActiveTransfers {
  fileprivate struct Active {
    let handle: EasyHandle
    let sink: TransferSink

    var transfer: Transfer { sink.transfer }
  }

  /// Connections to one server for exchanges that end by themselves; only HTTP/1.1 needs more than one.
  private static let shortConnections = 8
  /// Exchanges at once that end by themselves. The time for an exchange runs from its start, so what would only wait
  /// for a connection is started later.
  private static let shortTransfers = 64

  private let multi: UnsafeMutableRawPointer
  private var byHandle: [UnsafeMutableRawPointer: Active] = [:]
  private var handles: [ObjectIdentifier: UnsafeMutableRawPointer] = [:]
  private var streams = 0
  /// Transfers that wait for others to end, in the order of arrival.
  private var queue: [Transfer] = []
  /// The part that took too long when a connection was tried the last time.
  private var slowPart: TransportError.ConnectionPart?
  private let activity = Activity()

  /// Milliseconds to wait for news when nothing says otherwise; short while something is under way, in case libcurl
  /// forgets about bytes it has already read.
  var pollTimeout: CInt { byHandle.isEmpty ? 60_000 : 200 }

  init(multi: UnsafeMutableRawPointer) {
    self.multi = multi
    limitConnections()
  }

  /// Begins an exchange, now or when others have ended.
  mutating func start(_ transfer: Transfer) {
    if transfer.isStreamed || byHandle.count - streams < Self.shortTransfers {
      begin(transfer)
    } else {
      queue.append(transfer)
    }
  }

  private mutating func begin(_ transfer: Transfer) {
    do throws(TransportFailure) {
      let handle = try EasyHandle()
      try handle.configure(transfer.request.connection)
      try handle.configure(transfer.request)
      let sink = TransferSink(transfer, activity)
      try handle.deliver(to: sink)
      byHandle[handle.pointer] = Active(handle: handle, sink: sink)
      handles[ObjectIdentifier(transfer)] = handle.pointer
      if transfer.isStreamed { streams += 1 }
      limitConnections()
      let code = ccurl_multi_add_handle(multi, handle.pointer)
      guard code == CURLM_OK else {
        throw TransportFailure(.unusable, String(cString: ccurl_multi_strerror(code)))
      }
    } catch {
      remove(transfer)
      transfer.finish(.failure(error))
    }
  }

  /// Drops an exchange whose end no task waits for.
  mutating func cancel(_ transfer: Transfer) {
    queue.removeAll { $0 === transfer }
    remove(transfer)
    beginQueued()
  }

  mutating func cancelAll() {
    for active in byHandle.values {
      ccurl_multi_remove_handle(multi, active.handle.pointer)
      active.transfer.finish(.failure(CancellationError()))
    }
    for transfer in queue { transfer.finish(.failure(CancellationError())) }
    byHandle = [:]
    handles = [:]
    queue = []
  }

  private mutating func beginQueued() {
    while let transfer = queue.first, byHandle.count - streams < Self.shortTransfers {
      queue.removeFirst()
      begin(transfer)
    }
  }

  /// Does all work that needs no waiting, and ends exchanges that are complete.
  mutating func advance() {
    // With HTTP/2, libcurl 7.88 may read bytes of one exchange while it serves another that comes later in its list,
    // and wait for the socket nevertheless: so it is asked until nothing moves any more.
    var seen: Int
    repeat {
      seen = activity.count
      var running: CInt = 0
      ccurl_multi_perform(multi, &running)
      endCompleted()
      beginQueued()
    } while activity.count != seen
  }

  private mutating func endCompleted() {
    var left: CInt = 0
    var ended: [(active: Active, code: CURLcode)] = []
    while let message = ccurl_multi_info_read(multi, &left) {
      guard let pointer = ccurl_message_handle(message), let active = byHandle[pointer] else { continue }
      ended.append((active, ccurl_message_result(message)))
    }
    // Those that only waited for a connection come last, since they fail for the reason of another one.
    for (active, code) in ended.filter({ $0.active.handle.hasConnection })
      + ended.filter({ !$0.active.handle.hasConnection })
    {
      activity.count += 1
      let failure = code == CURLE_OK ? nil : failure(of: active, code)
      remove(active.transfer)
      active.transfer.finish(failure.map { .failure($0) } ?? .success(()))
    }
  }

  private mutating func failure(of active: Active, _ code: CURLcode) -> TransportFailure {
    let failure = active.failure(code)
    guard case .unreachable(.noAnswer(let part)) = failure.kind else { return failure }
    if active.handle.hasConnection {
      slowPart = part
      return failure
    }
    let isInTLS = byHandle.values.contains { $0.handle.hasBegunTLS }
    return TransportFailure(.unreachable(.noAnswer(isInTLS ? .tls : slowPart ?? part)), failure.detail)
  }

  private mutating func remove(_ transfer: Transfer) {
    guard let pointer = handles.removeValue(forKey: ObjectIdentifier(transfer)), byHandle[pointer] != nil else {
      return
    }
    ccurl_multi_remove_handle(multi, pointer)
    byHandle[pointer] = nil
    if transfer.isStreamed { streams -= 1 }
    limitConnections()
  }

  /// A stream may hold a connection for good, so each gets one on top.
  private func limitConnections() {
    ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, Self.shortConnections + streams)
  }
}

extension ActiveTransfers.Active {
  fileprivate func failure(_ code: CURLcode) -> TransportFailure {
    if transfer.hasOverflowed {
      return TransportFailure(.tooLarge, "more than \(transfer.request.bodyLimit) bytes are waiting to be read")
    }
    return TransportFailure(code, handle)
  }
}
