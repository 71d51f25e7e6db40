import Testing

/// A fault that a test asked a double for.
struct Disturbance: Sendable {
  let double: APIServerDouble
  /// The description under which the double counts it.
  let name: String

  /// Those of the test that runs, nil without the trait.
  @TaskLocal static var asked: Recorder<Disturbance>?
}

/// Makes a test fail whose faults never struck: what it shows was shown without them.
struct DisturbancesStrike: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let asked = Recorder<Disturbance>()
    try await Disturbance.$asked.withValue(asked, operation: function)
    for disturbance in asked.all {
      let strikes = try await disturbance.double.strikes(of: disturbance.name)
      #expect(strikes > 0, "nothing met the \(disturbance.name)")
    }
  }
}

extension Trait where Self == DisturbancesStrike {
  static var disturbancesStrike: Self { Self() }
}
