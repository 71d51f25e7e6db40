import StoreProtocol

/// What the protocol says must follow a message, worked out independently of the server.
enum FrameExpectation: Equatable {
  /// Exactly one error reply with code 1.
  case malformed
  /// Exactly one reply: an error, or one of this type.
  case answer(String)
  /// The message carries an error code and comes back as that error.
  case bounce(UInt64)
  /// As ``answer(_:)``, or nothing for as long as something is missing.
  case mayPark(String)
  /// As ``answer(_:)``, then raw bytes one way or the other.
  case transfer(String)
  /// The connection ends without a reply.
  case closed

  init(_ body: [UInt8], isRegistered: Bool) {
    guard case .object(let fields)? = JSON(body, rawKeys: true), let name = fields["type"]?.text,
      let type = RequestType(rawValue: name)
    else {
      self = .malformed
      return
    }
    if let code = fields["code"]?.integer, code != 0 {
      self = .bounce(code)
    } else if type == .exit {
      self = .closed
    } else if !isRegistered, type != .register {
      self = .malformed
    } else {
      self = Self.registered(type, fields)
    }
  }

  private static func registered(_ type: RequestType, _ fields: [String: JSON]) -> FrameExpectation {
    switch type {
    case .createRemoteBuffer, .createRemoteBuffers, .getRemoteBuffers: return .transfer(replyType(type))
    case .getName, .getData: return fields["wait"] == .bool(true) ? .mayPark(replyType(type)) : .answer(replyType(type))
    case .acquireLock, .getNextStreamChunk, .pullNextStreamChunk: return .mayPark(replyType(type))
    default: return .answer(replyType(type))
    }
  }

  /// The `type` of a successful reply.
  static func replyType(_ type: RequestType) -> String {
    switch type {
    case .clusterMeta: "cluster_meta"
    case .debug: "debug_reply"
    case .listData: "get_data_reply"
    case .createRemoteBuffer: "create_buffer_reply"
    case .createRemoteBuffers: "create_buffers_reply"
    case .getRemoteBuffers: "get_buffers_reply"
    case .plasmaSeal: "seal_reply"
    default: String(type.rawValue.dropLast("request".count)) + "reply"
    }
  }

  /// The codes of the protocol.
  static let codes: Set<UInt64> = [
    1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 25, 26, 27, 31, 32, 33, 34, 35, 36, 37, 41,
    42, 43, 44, 45, 51, 255,
  ]

  /// What is wrong with a reply; nil when it is as expected.
  func objection(to reply: JSON) -> String? {
    guard case .object(let fields) = reply else { return "the reply is not an object" }
    guard let type = fields["type"] else { return objectionToError(fields) }
    if fields["code"] != nil { return "a successful reply has a code" }
    switch self {
    case .answer(let expected), .mayPark(let expected), .transfer(let expected):
      return type == .string(expected) ? nil : "the reply's type is not \(expected)"
    case .malformed, .bounce, .closed: return "an error is expected, not \(type)"
    }
  }

  private func objectionToError(_ fields: [String: JSON]) -> String? {
    guard let code = fields["code"]?.integer, fields["message"]?.text != nil, fields.count == 2 else {
      return "neither a type nor a code and a message"
    }
    switch self {
    case .malformed: return code == 1 ? nil : "code \(code) for a malformed message"
    case .bounce(let own): return code == own ? nil : "code \(code) instead of the message's own \(own)"
    case .closed: return "a reply where the connection should end"
    case .answer, .mayPark, .transfer: return Self.codes.contains(code) ? nil : "code \(code) is not documented"
    }
  }
}
