import Documents
import Glibc
import JSON
import StoreClient
import StoreProtocol
import Support

/// Writes an array into a volume through shared memory, as a step of a pipeline does, or reads it, and measures that.
///
/// The bytes are numbers that follow from their places, so that a reader can check all of them.
public struct VolumeTrial {
  /// Time that a step took, in seconds.
  public struct Result: Sendable, Equatable {
    public let bytes: Int
    /// From the first request until the object can be used.
    public let seconds: Double
    /// Until all bytes were looked at; that is copying for a writer.
    public let passSeconds: Double
  }

  private let connection: StoreConnection
  private let name: String

  /// - Parameters:
  ///   - socket: of the volume.
  ///   - name: of the object.
  /// - Throws: `ProgramError`.
  public init(socket: String, name: String) throws(ProgramError) {
    connection = try StoreConnection(StoreConnection.Access(.socket(socket), timeout: .seconds(60)), writes: true)
    self.name = name
  }

  /// Memory of the store, mapped as its clients map it.
  private final class Mapping {
    let start: UnsafeMutableRawPointer
    private let length: Int
    private let file: CInt

    /// Source: docs of the protocol: what is mapped is eight bytes shorter than `map_size`.
    init(_ file: CInt, mapSize: Int, writes: Bool) throws(ProgramError) {
      self.file = file
      length = mapSize - 8
      let protection = writes ? PROT_READ | PROT_WRITE : PROT_READ
      guard length > 0, let start = mmap(nil, length, protection, MAP_SHARED, file, 0), start != MAP_FAILED else {
        let code = errno
        close(file)
        throw ProgramError.system("cannot map the memory of the store", errno: code)
      }
      self.start = start
    }

    deinit {
      munmap(start, length)
      close(file)
    }

    func place(_ offset: Int, _ size: Int) throws(ProgramError) -> UnsafeMutableRawPointer {
      guard offset >= 0, size >= 0, offset <= length - size else {
        throw ProgramError(.failed, "the store shows a blob outside of its memory")
      }
      return start + offset
    }
  }

  /// Writes an array of `bytes` bytes, rounded up to whole numbers, and gives it the name.
  ///
  /// - Throws: `ProgramError`, for instance when there is no room.
  public func write(bytes: Int) throws(ProgramError) -> Result {
    let count = max(1, (bytes + 7) / 8)
    let source = [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
      for index in 0..<count { buffer[index] = UInt64(index) &* Self.factor }
      filled = count
    }
    let size = count * 8
    let start = monotonicNanoseconds()
    let reply = try connection.call(.createBuffer) { $0.field("size", size) }
    guard let id = reply["id"]?.unsigned, let payload = reply["created"] else {
      throw ProgramError(.failed, "the store gave no blob")
    }
    let mapping = try map(payload, writes: true)
    let place = try mapping.place(payload["data_offset"]?.int ?? -1, size)
    source.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { memcpy(place, base, size) }
    }
    let copied = monotonicNanoseconds()
    _ = try connection.call(.seal) { $0.field("object_id", id) }
    let object = try connection.putObject([
      "typename": "vineyard::Tensor<uint64>", "nbytes": Value(size), "shape_": .string("[\(count)]"),
      "value_type_": "uint64", "value_type_meta_": "<u8", "order_": "\"C\"", "partition_index_": "[]",
      "buffer_": connection.member(ObjectID(id), size: size),
    ])
    try connection.persist(object)
    try connection.putName(name, object)
    let end = monotonicNanoseconds()
    return Result(bytes: size, seconds: Self.seconds(start, end), passSeconds: Self.seconds(start, copied))
  }

  /// Maps the array, and checks each of its bytes.
  ///
  /// - Throws: `ProgramError`, also when a byte is not what was written.
  public func read() throws(ProgramError) -> Result {
    let start = monotonicNanoseconds()
    guard let id = try connection.object(named: name), let object = try connection.objects([id], syncs: true).first,
      let blob = object.member("buffer_")?.id
    else { throw ProgramError(.notFound, "the other step has written nothing under '\(name)'") }
    let reply = try connection.call(.getBuffers) {
      $0.field("0", blob.rawValue)
      $0.field("num", 1)
      $0.field("unsafe", false)
    }
    guard let payload = reply["payloads"]?.array?.first, let size = payload["data_size"]?.int else {
      throw ProgramError(.failed, "the store shows no bytes")
    }
    let mapping = try map(payload, writes: false)
    let place = try mapping.place(payload["data_offset"]?.int ?? -1, size)
    let mapped = monotonicNanoseconds()
    let numbers = UnsafeRawBufferPointer(start: place, count: size).bindMemory(to: UInt64.self)
    var difference: UInt64 = 0
    for index in numbers.indices { difference |= numbers[index] ^ (UInt64(index) &* Self.factor) }
    guard difference == 0, !numbers.isEmpty else {
      throw ProgramError(
        .failed, "what was read is not what was written", hint: "please report it with 'vineyardctl sysdump'")
    }
    let end = monotonicNanoseconds()
    return Result(bytes: size, seconds: Self.seconds(start, mapped), passSeconds: Self.seconds(mapped, end))
  }

  private func map(_ payload: Value, writes: Bool) throws(ProgramError) -> Mapping {
    let file = try connection.client.receiveDescriptor()
    return try Mapping(file, mapSize: payload["map_size"]?.int ?? 0, writes: writes)
  }

  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static func seconds(_ start: UInt64, _ end: UInt64) -> Double { Double(max(1, end - start)) / 1e9 }
}

extension VolumeTrial.Result {
  /// Reads what ``value`` wrote; nil for anything else.
  public init?(_ value: Value) {
    guard let bytes = value["bytes"]?.int, bytes > 0, let time = value["nanoseconds"]?.int, time > 0,
      let pass = value["passNanoseconds"]?.int, pass > 0
    else { return nil }
    self.init(bytes: bytes, seconds: Double(time) / 1e9, passSeconds: Double(pass) / 1e9)
  }

  /// The result for another program.
  public var value: Value {
    ["bytes": Value(bytes), "nanoseconds": Value(Int(seconds * 1e9)), "passNanoseconds": Value(Int(passSeconds * 1e9))]
  }

  /// Billions of bytes in a second.
  public func rate(_ seconds: Double) -> Double { Double(bytes) / max(seconds, 1e-9) / 1e9 }
}
