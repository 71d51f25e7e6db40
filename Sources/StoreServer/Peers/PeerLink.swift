import Glibc
import JSON
import StoreClient
import StoreProtocol
import Support

/// Address of another store, and the store that is expected there.
struct PeerAddress: Hashable, Sendable {
  let instance: UInt64
  let host: String
  let port: UInt16

  /// - Parameter endpoint: `host:port`, as stores publish it.
  /// - Returns: nil for a store without a port for others.
  init?(instance: UInt64, endpoint: String) {
    guard let colon = endpoint.lastIndex(of: ":"), let port = UInt16(endpoint[endpoint.index(after: colon)...]),
      port > 0
    else { return nil }
    self.instance = instance
    self.port = port
    host = String(endpoint[..<colon])
  }
}

/// A registered connection to another store, used by one thread at a time, which blocks on it.
struct PeerLink: Sendable {
  let client: StoreClient
  /// Whether the store sends parts of blobs.
  let servesRanges: Bool

  /// Connects and registers, with the proof that the other store demands.
  ///
  /// - Parameter caller: the instance id of this store.
  /// - Throws: `StoreClientError` also when another store answers than is expected.
  init(
    _ address: PeerAddress, from caller: UInt64, session: UInt64, _ access: PeerAccess
  ) throws(StoreClientError) {
    let registration = PeerRegistration(address, from: caller, session: session, access.secrets)
    let plain: StoreClient
    do throws(ProgramError) {
      plain = try StoreClient(host: address.host, port: address.port, timeout: access.timeout)
    } catch {
      throw .unreachable(error)
    }
    if case .registered(let servesRanges) = try registration.run(plain, offersTLS: access.tls != nil) {
      guard access.tls?.settings.isRequired != true else {
        throw .refused(StoreError(.connectionError, "it does not speak TLS, which this store demands of others"))
      }
      (client, self.servesRanges) = (plain, servesRanges)
      return
    }
    (client, servesRanges) = try Self.encrypted(plain, registration, access)
  }

  private static func encrypted(
    _ plain: StoreClient, _ registration: PeerRegistration, _ access: PeerAccess
  ) throws(StoreClientError) -> (StoreClient, servesRanges: Bool) {
    guard let tls = access.tls else { throw .refused(StoreError(.invalid, "it wants TLS without being asked for it")) }
    let joint: TLSBridge.Joint
    do throws(ProgramError) {
      joint = try tls.join(fcntl(plain.file, F_DUPFD_CLOEXEC, 0), as: .caller)
    } catch {
      throw .refused(StoreError(.connectionError, "\(PeerTLS.ownFault): \(error.description)"))
    }
    let client = StoreClient(file: joint.file, timeout: access.timeout)
    do throws(StoreClientError) {
      guard case .registered(let servesRanges) = try registration.run(client, offersTLS: false) else {
        throw .refused(StoreError(.invalid, "it wants TLS twice"))
      }
      return (client, servesRanges)
    } catch {
      guard let reason = joint.failure.reason else { throw error }
      throw .refused(StoreError(.connectionError, "no TLS with it: \(reason)"))
    }
  }

  /// A blob as its store announces it.
  typealias Announcement = (id: ObjectID, size: UInt64)

  /// Asks for the bytes of blobs, which follow.
  ///
  /// - Parameters:
  ///   - range: the part of each blob that is wanted; nil for all of it.
  ///   - owner: the store whose blobs they are, if this one has copies; then all or none are found.
  /// - Returns: those that the store has, with their sizes in bytes.
  func ask(
    for ids: [ObjectID], range: Range<UInt64>?, copiesOf owner: UInt64? = nil
  ) throws(StoreClientError) -> [Announcement] {
    let found = try announcements(ids, range, owner)
    guard owner != nil else { return found }
    guard found.count == ids.count else { throw .refused(StoreError(.objectNotExists, "it has not all copies")) }
    return zip(ids, found).map { ($0, $1.size) }
  }

  private func announcements(
    _ ids: [ObjectID], _ range: Range<UInt64>?, _ owner: UInt64?
  ) throws(StoreClientError) -> [Announcement] {
    try client.call(Self.request(for: ids, range: range, copiesOf: owner)) { (message) throws(StoreError) in
      if try message.boolean("compress", default: false) {
        throw StoreError(.notImplemented, "the store sends compressed bytes, which were not asked for")
      }
      var found: [Announcement] = []
      try message.forEachElement("payloads", "must be an array of payloads", atMost: ids.count) { span in
        guard let payload = Self.announcement(message.bytes, span) else { return false }
        found.append(payload)
        return true
      }
      return found
    }
  }

  static func request(for ids: [ObjectID], range: Range<UInt64>?, copiesOf owner: UInt64? = nil) -> [UInt8] {
    let writer = ByteWriter(capacity: 128 + ids.count * 32)
    writer.beginObject()
    for (index, id) in ids.enumerated() {
      writer.key(index)
      writer.append(decimal: id.rawValue)
    }
    writer.field("compress", false)
    if let owner { writer.field("copies_of", owner) }
    writer.field("num", ids.count)
    if let range {
      writer.field("range_length", UInt64(range.count))
      writer.field("range_offset", range.lowerBound)
    }
    writer.field("type", literal: "get_remote_buffers_request")
    writer.field("unsafe", false)
    writer.field("use_rdma", false)
    writer.endObject()
    return Array(writer.bytes)
  }

  private static func announcement(_ bytes: UnsafeRawBufferPointer, _ span: JSONSpan) -> Announcement? {
    guard span.kind == .object else { return nil }
    var (id, size): (UInt64?, UInt64?)
    var scanner = JSONScanner(bytes, from: span.start)
    try? scanner.scanObject { key, value in
      if bytes.rawString(key).elementsEqual("object_id".utf8) { id = bytes.integer(value) }
      if bytes.rawString(key).elementsEqual("data_size".utf8) { size = bytes.integer(value) }
    }
    guard let id, let size else { return nil }
    return (ObjectID(id), size)
  }

  /// Receives raw bytes to where they belong.
  ///
  /// - Parameter progress: called with the number of bytes each time some have arrived.
  func receive(
    into address: UnsafeMutableRawPointer, count: Int, progress: (Int) -> Void
  ) throws(StoreClientError) {
    var received = 0
    while received < count {
      let got = recv(client.file, address + received, min(count - received, Self.longestRead), 0)
      if got < 0, errno == EINTR { continue }
      if got < 0 { throw .unreachable(ProgramError.system("the store sends no more", errno: errno)) }
      if got == 0 { throw .unreachable(ProgramError(.failed, "the store closed the connection")) }
      received += got
      progress(got)
    }
  }

  /// Bytes asked for in one system call.
  private static let longestRead = 8 << 20
}
