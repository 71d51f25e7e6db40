import Glibc
import Testing

/// Seeded random runs against the model. `scripts/test --seed N` replays one, by way of `VINEYARD_SEED`;
/// `scripts/nightly` asks for more than the first 300, by way of `VINEYARD_SEEDS`.
@Suite("simulation")
struct SimulationTests {
  /// 300 seeds in groups that run side by side, or the one that was asked for.
  static let groups: [Range<UInt64>] = {
    func number(_ variable: String) -> UInt64? { getenv(variable).flatMap { UInt64(String(cString: $0)) } }
    if let seed = number("VINEYARD_SEED") { return [seed..<(seed + 1)] }
    let end = (number("VINEYARD_SEEDS") ?? 300) + 1
    return stride(from: 1, to: end, by: 25).map { $0..<min($0 + 25, end) }
  }()

  @Test("the store does what the model says, step by step", arguments: groups)
  func seeds(group: Range<UInt64>) throws {
    for seed in group {
      do { _ = try Simulation(seed: seed).run() } catch { Issue.record(error) }
    }
  }

  @Test(
    "a seed gives the same answers every time, whatever the order in hash tables",
    arguments: 1...15 as ClosedRange<UInt64>)
  func deterministic(seed: UInt64) throws {
    let first = try Simulation(seed: seed).run()
    let second = try Simulation(seed: seed).run()
    #expect(first == second, "replay with: scripts/test --seed \(seed)")
  }
}
