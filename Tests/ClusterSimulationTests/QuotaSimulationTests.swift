import EtcdClient
import Testing

@testable import EtcdMetadata

/// Seeded runs of stores that share a quota, as many as of the other simulations.
@Suite("quota simulation")
struct QuotaSimulationTests {
  @Test("the quota holds, nothing is lost of it, and what fits gets in", arguments: ClusterSimulationTests.groups)
  func seeds(group: Range<UInt64>) {
    for seed in group {
      do {
        var simulation = QuotaSimulation(seed: seed)
        _ = try simulation.run()
      } catch {
        Issue.record(error)
      }
    }
  }

  @Test("a seed gives the same answers every time", arguments: 1...5 as ClosedRange<UInt64>)
  func deterministic(seed: UInt64) throws {
    var (first, second) = (QuotaSimulation(seed: seed), QuotaSimulation(seed: seed))
    let counts = try first.run()
    #expect(try counts == second.run())
    #expect(counts.made > 0)
  }

  @Test("the runs come to what they are for")
  func coverage() throws {
    var sum = QuotaSimulation.Counts()
    for seed in 1...20 as ClosedRange<UInt64> {
      var simulation = QuotaSimulation(seed: seed)
      let counts = try simulation.run()
      sum.made += counts.made
      sum.refused += counts.refused
      sum.late += counts.late
      sum.reaped += counts.reaped
      sum.resized += counts.resized
    }
    #expect(sum.made > 300 && sum.refused > 50 && sum.late > 5 && sum.reaped > 15 && sum.resized > 5, "\(sum)")
  }

  @Test("a record survives its text")
  func text() {
    var record = QuotaRecord(quota: 1 << 30, round: 7)
    record.shares[3] = .init(granted: 5 << 20, answered: 7)
    record.shares[12] = .init(granted: 0, answered: 0, want: .init(total: 64, round: 7))
    record.shrinking = .init(quota: 1 << 29, instance: 3, round: 6)
    #expect(QuotaRecord(record.text) == record)
    #expect(QuotaRecord(Array("{\"round\":1}".utf8)) == nil)
    #expect(QuotaRecord(Array("nonsense".utf8)) == nil)
  }
}
