import Documents
import JSON
import StoreClient
import StoreProtocol
import Support

/// A blocking connection to one session of a store: to what is in no volume, or to one volume.
///
/// Replies are read up to a limit, so that no store makes its reader run out of memory.
public final class StoreConnection {
  /// The largest reply, in bytes.
  static let longestReply: UInt64 = 64 << 20

  /// A way to a store, and what it takes.
  public struct Access: Sendable {
    public let address: StoreAddress
    /// The secret that a store wants to see over TCP from those who look into volumes.
    public let adminToken: String?
    /// How long connecting, sending and receiving may take, each.
    public let timeout: TimeSpan

    public init(_ address: StoreAddress, adminToken: String? = nil, timeout: TimeSpan = .seconds(10)) {
      self.address = address
      self.adminToken = adminToken
      self.timeout = timeout
    }
  }

  let client: StoreClient
  /// The id of the store among those that share an etcd.
  public let instance: UInt64
  /// Version that the store says it has.
  public let version: String
  /// Whether parts of blobs can be had.
  let readsRanges: Bool
  /// Whether the store is known to be one of ours, which has volumes.
  let hasVolumes: Bool

  /// Connects and registers.
  ///
  /// - Parameters:
  ///   - volume: nil for what is in no volume.
  ///   - writes: whether objects are to be changed.
  /// - Throws: `ProgramError`, with code `notFound` when there is no such volume.
  public init(_ access: Access, volume: String? = nil, writes: Bool = false) throws(ProgramError) {
    var address = access.address
    if let volume, let socket = address.socket(ofVolume: volume, isReadOnly: !writes) { address = .socket(socket) }
    client = try address.connect(timeout: access.timeout)
    let reply = try Self.call(client, Self.registration(access, volume: volume))
    instance = reply["instance_id"]?.unsigned ?? 0
    version = reply["version"]?.string ?? ""
    readsRanges = reply["reads_ranges"]?.bool ?? false
    hasVolumes = readsRanges
    if let volume, case .network = access.address, reply["volume"]?.string != volume {
      throw ProgramError(
        .failed, "the store at \(access.address) does not let anybody look into its volumes over TCP",
        hint: "it is older than this program; deploy it again, or use its socket")
    }
  }

  private static func registration(_ access: Access, volume: String?) -> [UInt8] {
    let writer = ByteWriter(capacity: 512)
    writer.beginObject()
    writer.field("type", RequestType.register.rawValue)
    writer.field("version", Version.current)
    writer.field("store_type", 1)
    writer.field("reads_ranges", true)
    if case .network = access.address {
      if let volume { writer.field("volume", volume) }
      if let token = access.adminToken { writer.field("admin_token", token) }
    }
    writer.endObject()
    return Array(writer.bytes)
  }

  /// Sends a request and returns the reply.
  ///
  /// - Throws: `ProgramError`; with code `notFound` for what does not exist.
  func call(_ type: RequestType, _ write: (ByteWriter) -> Void = { _ in }) throws(ProgramError) -> Value {
    let writer = ByteWriter(capacity: 512)
    writer.beginObject()
    write(writer)
    writer.field("type", type.rawValue)
    writer.endObject()
    return try Self.call(client, Array(writer.bytes))
  }

  private static func call(_ client: StoreClient, _ request: [UInt8]) throws(ProgramError) -> Value {
    try client.sendRaw(StoreClient.frame(request))
    return try read(try client.receive(limit: longestReply))
  }

  /// Reads a reply.
  ///
  /// - Throws: `ProgramError` for an error reply, and for what is no reply.
  static func read(_ bytes: [UInt8]) throws(ProgramError) -> Value {
    let reply: Value
    do throws(DocumentError) { reply = try Value(json: bytes) } catch {
      throw ProgramError(.failed, "the answer of the store is not understood", cause: "\(error)".printable(200))
    }
    guard let code = reply["code"]?.int, code != 0 else { return reply }
    let isMissing = code == Int(StatusCode.objectNotExists.rawValue)
    let message = reply["message"]?.string ?? ""
    throw ProgramError(
      isMissing ? .notFound : .failed, "the store refuses",
      cause: (message.isEmpty ? "status \(code)" : message).printable(600))
  }

  /// The volumes and snapshots of the store, and its memory.
  ///
  /// - Throws: `ProgramError`.
  public func volumes(_ adminToken: String?) throws(ProgramError) -> (volumes: [VolumeRecord], capacity: StoreCapacity)
  {
    do throws(StoreClientError) { return try VolumeClient(client, adminToken: adminToken).list() } catch {
      switch error {
      case .unreachable(let error): throw error
      case .refused(let error): throw ProgramError(.failed, "the store refuses", cause: error.message.printable(600))
      }
    }
  }
}

extension Value {
  /// The value of an unsigned integer of 64 bits.
  var unsigned: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .decimal(let text): UInt64(text)
    default: nil
    }
  }
}
