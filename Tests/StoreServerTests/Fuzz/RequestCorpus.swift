import SeededRandom
import StoreProtocol

/// Makes valid requests of every type, about things that exist as far as the fuzzer knows.
struct RequestCorpus {
  var random: SplitMix64

  mutating func request(_ type: RequestType, _ known: KnownIDs) -> FuzzRequest {
    FuzzRequest(type.rawValue, fields(type, known))
  }

  private mutating func size() -> String { "\(random.choose([0, 1, 63, 64, 65, 4096, 5000, 70_000, 3 << 20]))" }

  private mutating func flag() -> String { random.oneIn(2) ? "true" : "false" }

  private mutating func name() -> String { "\"\(random.choose(KnownIDs.names))\"" }

  private mutating func list(_ element: (inout Self) -> String) -> String {
    let count = random.number(below: 4)
    return "[" + (0..<count).map { _ in element(&self) }.joined(separator: ",") + "]"
  }

  private mutating func numbered(_ element: (inout Self) -> String) -> [(key: String, value: String)] {
    let count = random.number(below: 4)
    return (0..<count).map { ("\($0)", element(&self)) } + [("num", "\(count)")]
  }

  private mutating func fields(_ type: RequestType, _ known: KnownIDs) -> [(key: String, value: String)] {
    switch type {
    case .register:
      return [
        ("password", "\"\""), ("session_id", "0"),
        ("store_type", random.choose(["1", "2", "\"Normal\"", "\"Plasma\""])),
        ("username", "\"\""), ("version", "\"0.24.2\""),
      ]
    case .provePeer: return [("proof", "\"00\""), ("session_id", "0")]
    case .refreshObjects: return [("ids", list { "\(known.object(&$0.random))" })]
    case .exit, .clear, .memoryTrim, .clusterMeta, .instanceStatus, .debug, .deleteSession, .getGPUBuffers,
      .releaseBlobsWithRDMA:
      return []
    case .createBuffer, .createGPUBuffer: return [("size", size())]
    case .createBuffers: return [("num", "2"), ("sizes", list { $0.size() })]
    case .createRemoteBuffer: return [("compress", "false"), ("size", size()), ("use_rdma", "false")]
    case .createRemoteBuffers: return [("compress", "false"), ("num", "1"), ("sizes", list { $0.size() })]
    case .getBuffers:
      if random.oneIn(3) { return [("ids", list { "\(known.blob(&$0.random))" }), ("unsafe", flag())] }
      return numbered { "\(known.blob(&$0.random))" } + [("unsafe", flag())]
    case .getRemoteBuffers:
      return numbered { "\(known.blob(&$0.random))" } + [("compress", "false"), ("unsafe", flag())]
    case .seal, .release: return [("object_id", "\(known.blob(&random))")]
    case .dropBuffer, .isSpilled, .isInUse: return [("id", "\(known.blob(&random))")]
    case .shrinkBuffer: return [("id", "\(known.blob(&random))"), ("size", size())]
    case .increaseReferenceCount, .releaseBlobs, .evict, .unpin: return [("ids", list { "\(known.blob(&$0.random))" })]
    case .load: return [("ids", list { "\(known.blob(&$0.random))" }), ("pin", flag())]
    case .createData: return [("content", content(known, depth: 2))]
    case .createDatas: return [("contents", list { $0.content(known, depth: 1) }), ("num", "1")]
    case .putObject:
      let seals = list { "\(known.blob(&$0.random))" }
      return [("content", content(known, depth: 2)), ("persist", flag()), ("seals", seals)]
        + (random.oneIn(2) ? [("name", name())] : []) + (random.oneIn(2) ? [("reserve", size())] : [])
    case .getData:
      return [("id", list { "\(known.object(&$0.random))" }), ("sync_remote", flag()), ("wait", "false")]
    case .deleteData, .deleteDataWithFeedbacks:
      return [
        ("deep", flag()), ("fastpath", random.oneIn(6) ? "true" : "false"), ("force", flag()),
        ("id", list { "\(known.object(&$0.random))" }), ("memory_trim", flag()),
      ]
    case .listData, .listName:
      let isExpression = random.oneIn(3)
      return [
        ("limit", random.choose(["0", "5", "18446744073709551615"])),
        ("pattern", isExpression ? FuzzPatterns.expression(&random) : FuzzPatterns.wildcard(&random)),
        ("regex", isExpression ? "true" : "false"),
      ]
    case .exists, .persist, .ifPersist: return [("id", "\(known.object(&random))")]
    case .label: return [("id", "\(known.object(&random))"), ("keys", "[\"k\"]"), ("values", "[\"v\"]")]
    case .shallowCopy: return [("extra", "{\"e\":1}"), ("id", "\(known.object(&random))")]
    case .migrateObject: return [("object_id", "\(known.object(&random))")]
    case .putName: return [("name", name()), ("object_id", "\(known.object(&random))")]
    case .getName: return [("name", name()), ("wait", "false")]
    case .dropName: return [("name", name())]
    case .acquireLock, .releaseLock: return [("key", name())]
    case .createStream: return [("object_id", "\(known.object(&random))")]
    case .openStream: return [("mode", random.choose(["1", "2"])), ("object_id", "\(known.object(&random))")]
    case .getNextStreamChunk: return [("id", "\(known.object(&random))"), ("size", size())]
    case .pushNextStreamChunk: return [("chunk", "\(known.blob(&random))"), ("id", "\(known.object(&random))")]
    case .pullNextStreamChunk, .dropStream: return [("id", "\(known.object(&random))")]
    case .stopStream: return [("failed", flag()), ("id", "\(known.object(&random))")]
    case .createBufferByPlasma:
      return [("plasma_id", plasmaID()), ("plasma_size", size()), ("size", size())]
    case .getBuffersByPlasma: return numbered { $0.plasmaID() } + [("unsafe", flag())]
    case .plasmaSeal, .plasmaRelease, .plasmaDeleteData: return [("plasma_id", plasmaID())]
    case .newSession: return [("bulk_store_type", random.choose(["1", "2"]))]
    case .moveBuffersOwnership: return [("session_id", "0"), ownershipMap(known)]
    case .openVolume, .inspectVolume, .listVolumes, .resizeVolume, .freezeVolume, .deleteVolume, .createSnapshot,
      .deleteSnapshot, .forgetNode:
      return volumeFields(type)
    }
  }

  private mutating func plasmaID() -> String { "\"\(random.choose(KnownIDs.plasmaIDs))\"" }

  private mutating func ownershipMap(_ known: KnownIDs) -> (key: String, value: String) {
    let from = "\(known.blob(&random))"
    let to = random.oneIn(2) ? "\(random.next() | 1 << 63)" : "\(known.blob(&random))"
    switch random.number(below: 4) {
    case 0:
      let second = random.oneIn(2) ? "" : ",[\(known.blob(&random)),\(to)]"
      return ("id_to_id", "[[\(from),\(to)]\(second)]")
    case 1: return ("id_to_pid", "[[\(from),\(plasmaID())]]")
    case 2: return ("pid_to_id", "{\(plasmaID()):\(to)}")
    default: return ("pid_to_pid", "{\(plasmaID()):\(plasmaID())}")
    }
  }

  /// A metadata tree, not always one the store accepts.
  private mutating func content(_ known: KnownIDs, depth: Int) -> String {
    var fields = [
      "\"typename\":\"\(random.choose(["vineyard::Tensor<int64>", "t", "ü", "", "a", random.oneIn(8) ? "vineyard::Blob" : "x"]))\"",
      "\"instance_id\":\(random.oneIn(10) ? "1" : "0")",
      "\"global\":\(random.oneIn(5) ? "true" : "false")", "\"nbytes\":\(random.number(below: 100))",
    ]
    if random.oneIn(4) { fields.append("\"transient\":\(flag())") }
    if random.oneIn(6) { fields.append("\"signature\":\(random.next())") }
    if random.oneIn(12) { fields.removeFirst(random.number(below: fields.count)) }
    for index in 0..<random.number(below: 3) { fields.append("\"field \(index)\":\(FuzzValues.any(&random))") }
    for index in 0..<random.number(below: 3) { fields.append("\"member \(index)\":\(member(known, depth: depth))") }
    return "{" + fields.joined(separator: ",") + "}"
  }

  private mutating func member(_ known: KnownIDs, depth: Int) -> String {
    switch random.number(below: 9) {
    case 0: return "{}"
    case 1, 2: return "{\"id\":\"\(ObjectID(known.object(&random)))\"}"
    case 3...6:
      return "{\"id\":\"\(ObjectID(known.blob(&random)))\",\"instance_id\":0,\"typename\":\"vineyard::Blob\"}"
    default:
      guard depth > 0 else { return "{\"id\":\"o\"}" }
      return "{\"id\":\"\(ObjectID(known.object(&random)))\"," + content(known, depth: depth - 1).dropFirst()
    }
  }
}
