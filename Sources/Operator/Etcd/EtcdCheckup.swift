import EtcdClient
import KubernetesObjects
import Logging
import Manifests

/// Asks the members of one etcd how they are, and treats them.
struct EtcdCheckup: Sendable {
  private let members: [EtcdClient]
  private let log: Logger

  /// - Throws: `ProgramError` for names that are no addresses.
  init(_ spec: VineyarddSpec, _ tls: EtcdTLS, log: Logger) throws {
    var timing = EtcdTiming()
    timing.call = .seconds(3)
    members = try spec.etcdEndpoints.map { endpoint in
      EtcdClient(endpoints: [try EtcdEndpoint(endpoint)], tls: tls, timing: timing)
    }
    self.log = log
  }

  func close() async {
    for member in members { await member.close() }
  }

  /// Asks every member.
  ///
  /// - Returns: its state, and the first reason why one does not answer.
  func diagnose() async -> (diagnosis: EtcdDiagnosis, obstacle: String?) {
    var answers = [Answer?](repeating: nil, count: members.count)
    await withTaskGroup(of: Answer.self) { group in
      for (index, member) in members.enumerated() { group.addTask { await Self.ask(member, index) } }
      for await answer in group { answers[answer.index] = answer }
    }
    var diagnosis = EtcdDiagnosis(members: answers.map { $0?.status })
    let error = answers.lazy.compactMap { $0?.error }.first
    if let error { log.debug("\(error)") }
    if let member = leading(diagnosis) { diagnosis.alarms = (try? await member.alarms()) ?? [] }
    return (diagnosis, error?.kind)
  }

  /// What one member has answered: its state, or why there is none.
  private struct Answer: Sendable {
    let index: Int
    var status: EtcdMemberStatus?
    var error: EtcdError?
  }

  private static func ask(_ member: EtcdClient, _ index: Int) async -> Answer {
    do throws(EtcdError) {
      return Answer(index: index, status: try await member.status())
    } catch {
      return Answer(index: index, error: error)
    }
  }

  /// A member that has a leader.
  private func leading(_ diagnosis: EtcdDiagnosis) -> EtcdClient? {
    zip(members, diagnosis.members).first { $0.1.map { $0.leader != 0 } ?? false }?.0
  }

  /// Stores that have registered, and those that hold a lease; nil when nobody can tell.
  ///
  /// Source: docs/metadata.md, "Keys".
  func instances(_ diagnosis: EtcdDiagnosis) async -> (known: Int, alive: Int)? {
    guard diagnosis.hasLeader, let member = leading(diagnosis) else { return nil }
    func count(_ prefix: String) async throws -> Int {
      let keys = KeyRange.prefix(Array("\(VineyarddSpec.etcdPrefix)/cluster/\(prefix)/".utf8))
      return try await member.range(keys, limit: 1, keysOnly: true).count
    }
    guard let known = try? await count("members"), let alive = try? await count("alive") else { return nil }
    return (known, alive)
  }

  /// Does what is due.
  ///
  /// - Throws: `EtcdError` when a member does not take it; it is tried again at the next look.
  func treat(_ treatment: EtcdDiagnosis.Treatment, _ diagnosis: EtcdDiagnosis) async throws(EtcdError) {
    switch treatment {
    case .defragment(let index):
      let before = diagnosis.members[index]?.size ?? 0
      try await members[index].defragment()
      log.info("member \(index) is defragmented: \(before) bytes before")
    case .makeRoom:
      guard let member = leading(diagnosis) else { return }
      let revision = diagnosis.members.compactMap { $0?.revision }.max() ?? 0
      do {
        try await member.compact(before: revision, physically: true)
      } catch .compacted {
        // Somebody else has done it.
      }
      for (index, member) in members.enumerated() where diagnosis.members[index] != nil {
        try await member.defragment()
      }
      let largest = try await member.status().size
      guard largest < VineyarddSpec.etcdQuota * 9 / 10 else {
        log.warning("the database is full of what is in use: \(largest) bytes")
        return
      }
      for alarm in diagnosis.alarms where alarm.kind == .noSpace { try await member.disarm(alarm) }
      log.info("the database was full, and has room again: \(largest) bytes")
    }
  }
}

extension EtcdError {
  /// A few words that stay the same while the reason does.
  fileprivate var kind: String {
    switch self {
    case .unavailable: "no connection"
    case .badCertificate: "certificates do not fit"
    case .denied: "access is denied"
    default: "an error"
    }
  }
}
