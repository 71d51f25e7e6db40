import Support
import Testing

@testable import Commands

/// The end of a command that failed.
@Suite struct CommandErrorTests {
  @Test func `the exit statuses are those of the design`() {
    typealias Status = Commands.ExitStatus
    #expect(Status.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 130, 143])
    #expect([Status.ok, .failed, .usage, .notReady, .notFound, .interrupted, .terminated] == Status.allCases)
  }

  @Test(arguments: [(.failed, 1), (.usage, 2), (.notReady, 3), (.notFound, 4)] as [(ProgramError.Code, Int32)])
  func `each kind of failure has its status`(_ code: ProgramError.Code, _ status: Int32) {
    #expect(CommandError(ProgramError(code, "x")).status.rawValue == status)
  }
}
