import Documents
import EtcdClient
import Glibc
import Logging
import Support

/// Decides how a member of etcd starts, and has it taken in by a cluster that exists.
///
/// A member that has lost its data must not come back under its number: it has promised others what it no longer knows.
/// So it is removed, and added as a new one.
struct MemberPreparation: Sendable {
  let flags: EtcdFlags
  let tls: EtcdTLS?
  /// Time without an answer after which there is no cluster yet.
  let patience: Duration
  /// Time for joining one that has answered.
  let timeout: Duration
  let log: Logger

  /// The configuration to start with.
  ///
  /// - Throws: `ProgramError` with code `notReady` when the cluster exists and does not take the member in.
  func configuration() async throws -> Value {
    var flags = flags
    guard !hasData else {
      log.info("the member has data and goes on with it")
      return flags.configuration
    }
    let others = try flags.others
    guard !others.isEmpty, let cluster = try await joined(through: others) else {
      flags["initial-cluster-state"] = "new"
      log.info(others.isEmpty ? "the only member begins" : "no other member answers: they begin together")
      return flags.configuration
    }
    flags["initial-cluster"] = cluster.joined(separator: ",")
    flags["initial-cluster-state"] = "existing"
    return flags.configuration
  }

  /// Whether the member was started before and has kept what it knew.
  private var hasData: Bool {
    guard let directory = flags["data-dir"].flatMap({ opendir("\($0)/member/wal") }) else { return false }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let first = entry.pointee.d_name.0
      if first != UInt8(ascii: ".") { return true }
    }
    return false
  }

  /// Lets the cluster take this member in.
  ///
  /// - Returns: all members as `name=address`; nil when nobody answers.
  private func joined(through others: [EtcdEndpoint]) async throws -> [String]? {
    var timing = EtcdTiming()
    timing.attempt = .seconds(1)
    let client = EtcdClient(endpoints: others, tls: tls, timing: timing)
    let start = ContinuousClock.now
    // An answer is of one of the others: they may all be gone in the end, and begin anew.
    var lastAnswer: ContinuousClock.Instant?
    var reason: EtcdError
    repeat {
      do throws(EtcdError) {
        let members = try await client.members(within: .seconds(3))
        lastAnswer = .now
        let all = try await take(members, client)
        await client.close()
        return all
      } catch {
        reason = error
        log.info("\(error)")
      }
      try await Task.sleep(for: .milliseconds(500))
    } while lastAnswer.map { .now - $0 < patience * 6 && .now - start < timeout } ?? (.now - start < patience)
    await client.close()
    guard let lastAnswer, .now - lastAnswer < patience * 6 else { return nil }
    throw ProgramError(
      .notReady, "the cluster does not take \(flags.name) in", cause: "\(reason)",
      hint: "most of the members have to run; see their logs")
  }

  /// Puts this member in the place of its former self.
  private func take(_ members: [EtcdMember], _ client: EtcdClient) async throws(EtcdError) -> [String] {
    for former in members where former.name == flags.name || !Set(former.peerURLs).isDisjoint(with: flags.peerURLs) {
      log.info("member \(String(former.id, radix: 16)) had this place and is removed: its data is not here")
      try await client.removeMember(former.id)
    }
    let all = try await client.addMember(peerURLs: flags.peerURLs)
    log.info("the cluster takes this member in, it has \(all.count) now")
    let names = flags.names
    return all.flatMap { member in
      member.peerURLs.map { url in
        let given = flags.peerURLs.contains(url) ? flags.name : names[url] ?? String(member.id, radix: 16)
        return "\(member.name.isEmpty ? given : member.name)=\(url)"
      }
    }
  }
}
