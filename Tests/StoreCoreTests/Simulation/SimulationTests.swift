import Glibc
import Testing

/// Seeded random runs against the model. `scripts/test --seed N` replays one, by way of `VINEYARD_SEED`.
@Suite("simulation")
struct SimulationTests {
  /// 300 seeds in groups that run side by side, or the one that was asked for.
  static let groups: [Range<UInt64>] = {
    if let text = getenv("VINEYARD_SEED"), let seed = UInt64(String(cString: text)) { return [seed..<(seed + 1)] }
    return stride(from: 1, to: 301, by: 25).map { $0..<($0 + 25) }
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
