import EtcdClient
import Glibc
import Testing

/// Seeded runs of several stores that share an etcd. `scripts/test --seed N` replays one, by way of `VINEYARD_SEED`;
/// `VINEYARD_SEEDS` asks for more than the first 300.
@Suite("cluster simulation")
struct ClusterSimulationTests {
  static let groups: [Range<UInt64>] = {
    func number(_ variable: String) -> UInt64? { getenv(variable).flatMap { UInt64(String(cString: $0)) } }
    if let seed = number("VINEYARD_SEED") { return [seed..<(seed + 1)] }
    let end = (number("VINEYARD_SEEDS") ?? 300) + 1
    return stride(from: 1, to: end, by: 25).map { $0..<min($0 + 25, end) }
  }()

  @Test("stores that share an etcd agree in the end, and answer rightly until then", arguments: groups)
  func seeds(group: Range<UInt64>) async {
    for seed in group {
      let simulation = ClusterSimulation(seed: seed, losesAnswers: seed.isMultiple(of: 2))
      do { _ = try await simulation.run() } catch { Issue.record(error) }
    }
  }

  @Test("a seed gives the same answers every time", arguments: 1...5 as ClosedRange<UInt64>)
  func deterministic(seed: UInt64) async throws {
    let first = try await ClusterSimulation(seed: seed).run()
    let second = try await ClusterSimulation(seed: seed).run()
    #expect(first == second, "replay with: scripts/test --seed \(seed)")
  }
}
