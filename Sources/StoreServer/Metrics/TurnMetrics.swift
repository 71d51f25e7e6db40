import HTTPEndpoint

/// Time that the loop is busy between two waits for events: nobody is served meanwhile.
struct TurnMetrics {
  private(set) var durations = DurationHistogram()
  /// Nanoseconds of the longest turn.
  private(set) var longest: UInt64 = 0
  /// Units of work of the turn with most of them; the same requests count the same on every machine.
  private(set) var mostWork: UInt64 = 0

  mutating func record(nanoseconds: UInt64, work: UInt64) {
    durations.record(nanoseconds: nanoseconds)
    longest = max(longest, nanoseconds)
    mostWork = max(mostWork, work)
  }
}

extension MetricsPage {
  mutating func turns(_ turns: TurnMetrics) {
    let name = "vineyard_loop_turn_seconds"
    family(name, "histogram", "Time the loop was busy between two waits for events.")
    histogram(name, labels: "", turns.durations)
    family("vineyard_loop_turn_longest_seconds", "gauge", "The longest of these times since the start.")
    sample("vineyard_loop_turn_longest_seconds", Self.seconds(turns.longest))
    single(
      "vineyard_loop_turn_most_work", "gauge",
      "Work of the turn with most of it since the start, counted in units of about a nanosecond.", turns.mostWork)
  }
}
