import EtcdProtocol

/// A member of an etcd cluster.
public struct EtcdMember: Sendable, Equatable {
  /// Number that it has for life; a member that takes its place has another.
  public var id: UInt64
  /// Empty before it has started.
  public var name: String
  /// Addresses for other members.
  public var peerURLs: [String]
  /// Addresses for clients; empty before it has started.
  public var clientURLs: [String]

  public init(id: UInt64, name: String, peerURLs: [String], clientURLs: [String] = []) {
    self.id = id
    self.name = name
    self.peerURLs = peerURLs
    self.clientURLs = clientURLs
  }

  init(_ message: Etcdserverpb_Member) {
    self.init(id: message.id, name: message.name, peerURLs: message.peerUrls, clientURLs: message.clientUrls)
  }
}

/// The state of the member that answers.
public struct EtcdMemberStatus: Sendable, Equatable {
  public var id: UInt64
  public var version: String
  /// Bytes of the database file.
  public var size: Int64
  /// Bytes of it that are in use; the rest is free pages, which defragmentation gives back.
  public var sizeInUse: Int64
  /// The leader's number; 0 without one.
  public var leader: UInt64
  /// Latest revision that it has.
  public var revision: Int64
  /// Errors that it reports, such as an alarm.
  public var errors: [String]

  public init(
    id: UInt64, version: String = "", size: Int64 = 0, sizeInUse: Int64 = 0, leader: UInt64 = 0, revision: Int64 = 0,
    errors: [String] = []
  ) {
    self.id = id
    self.version = version
    self.size = size
    self.sizeInUse = sizeInUse
    self.leader = leader
    self.revision = revision
    self.errors = errors
  }

  init(_ message: Etcdserverpb_StatusResponse) {
    self.init(
      id: message.header.memberID, version: message.version, size: message.dbSize, sizeInUse: message.dbSizeInUse,
      leader: message.leader, revision: message.header.revision, errors: message.errors)
  }
}

/// An alarm that a member has raised.
public struct EtcdAlarm: Sendable, Equatable {
  /// The trouble.
  public enum Kind: Sendable, Equatable {
    /// The database is full: nothing is written until it is smaller and the alarm is taken back.
    case noSpace
    /// Members have different data.
    case corrupt
    case other(Int)
  }

  /// Number of the member.
  public var member: UInt64
  public var kind: Kind

  public init(member: UInt64, kind: Kind) {
    self.member = member
    self.kind = kind
  }
}

extension EtcdClient {
  /// The members, as the one that answers knows them; it needs no leader for that.
  ///
  /// - Throws: `EtcdError` when etcd cannot be asked.
  public func members(within: Duration? = nil) async throws(EtcdError) -> [EtcdMember] {
    let response: Etcdserverpb_MemberListResponse = try await caller.call(
      Etcdserverpb_Cluster.Method.MemberList.descriptor, Etcdserverpb_MemberListRequest(), .repeatable, within: within)
    return response.members.map { EtcdMember($0) }
  }

  /// Adds a member that has yet to start.
  ///
  /// - Returns: all members.
  /// - Throws: `EtcdError.refused` also when too few members run to take another, and others.
  public func addMember(peerURLs: [String]) async throws(EtcdError) -> [EtcdMember] {
    var request = Etcdserverpb_MemberAddRequest()
    request.peerUrls = peerURLs
    let response: Etcdserverpb_MemberAddResponse = try await caller.call(
      Etcdserverpb_Cluster.Method.MemberAdd.descriptor, request, .once)
    return response.members.map { EtcdMember($0) }
  }

  /// Removes a member for good: under its number it never comes back.
  ///
  /// - Throws: `EtcdError.refused` also when the rest would be too few, and others.
  public func removeMember(_ id: UInt64) async throws(EtcdError) {
    var request = Etcdserverpb_MemberRemoveRequest()
    request.id = id
    let _: Etcdserverpb_MemberRemoveResponse = try await caller.call(
      Etcdserverpb_Cluster.Method.MemberRemove.descriptor, request, .once)
  }

  /// The state of the member that answers: ask a client with one endpoint.
  ///
  /// - Throws: `EtcdError` when it cannot be asked.
  public func status(within: Duration? = nil) async throws(EtcdError) -> EtcdMemberStatus {
    let response: Etcdserverpb_StatusResponse = try await caller.call(
      Etcdserverpb_Maintenance.Method.Status.descriptor, Etcdserverpb_StatusRequest(), .repeatable, within: within)
    return EtcdMemberStatus(response)
  }

  /// Gives free pages of the database of the member that answers back to the disk. It does nothing else meanwhile.
  ///
  /// - Throws: `EtcdError` when it fails.
  public func defragment(within: Duration = .seconds(120)) async throws(EtcdError) {
    let _: Etcdserverpb_DefragmentResponse = try await caller.call(
      Etcdserverpb_Maintenance.Method.Defragment.descriptor, Etcdserverpb_DefragmentRequest(), .once, within: within)
  }

  /// The alarms that are raised.
  ///
  /// - Throws: `EtcdError` when etcd cannot be asked.
  public func alarms() async throws(EtcdError) -> [EtcdAlarm] {
    try await alarms(.get)
  }

  /// Takes an alarm back.
  ///
  /// - Throws: `EtcdError` when etcd cannot be asked.
  public func disarm(_ alarm: EtcdAlarm) async throws(EtcdError) {
    _ = try await alarms(.deactivate, alarm)
  }

  private func alarms(
    _ action: Etcdserverpb_AlarmRequest.AlarmAction, _ alarm: EtcdAlarm? = nil
  ) async throws(EtcdError) -> [EtcdAlarm] {
    var request = Etcdserverpb_AlarmRequest()
    request.action = action
    if let alarm {
      request.memberID = alarm.member
      request.alarm = alarm.kind.message
    }
    let response: Etcdserverpb_AlarmResponse = try await caller.call(
      Etcdserverpb_Maintenance.Method.Alarm.descriptor, request, .repeatable)
    return response.alarms.map { EtcdAlarm(member: $0.memberID, kind: .init($0.alarm)) }
  }
}

extension EtcdAlarm.Kind {
  fileprivate init(_ message: Etcdserverpb_AlarmType) {
    self =
      switch message {
      case .nospace: .noSpace
      case .corrupt: .corrupt
      default: .other(message.rawValue)
      }
  }

  fileprivate var message: Etcdserverpb_AlarmType {
    switch self {
    case .noSpace: .nospace
    case .corrupt: .corrupt
    case .other(let number): .UNRECOGNIZED(number)
    }
  }
}
