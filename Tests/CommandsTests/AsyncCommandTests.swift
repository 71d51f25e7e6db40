import ArgumentParser
import Glibc
import Support
import Synchronization
import Testing

@testable import Commands

/// Commands that work asynchronously, and what signals do to them.
@Suite struct AsyncCommandTests {
  @Test func `an asynchronous command runs to its end`() async {
    let world = World()
    #expect(await world.runOnThread(["vineyardctl", "work", "--verbose"], root: AsyncRoot.self) == .ok)
    #expect(world.output == "worked\n" && world.errors.isEmpty)
  }

  @Test func `what it throws is one line and its status`() async {
    let world = World()
    #expect(await world.runOnThread(["vineyardctl", "work", "--end=failure"], root: AsyncRoot.self) == .notReady)
    #expect(world.errors == "error: not ready (hint: wait)\n")
    let usage = World()
    #expect(await usage.runOnThread(["vineyardctl", "work", "--end=help"], root: AsyncRoot.self) == .ok)
    #expect(usage.output.contains("USAGE: "))
  }

  @Test(arguments: [(SIGINT, .interrupted), (SIGTERM, .terminated)] as [(Int32, Commands.ExitStatus)])
  func `a signal cancels it, and it says how to go on`(_ signal: Int32, _ status: Commands.ExitStatus) async {
    let world = World(signal: signal)
    #expect(await world.runOnThread(["vineyardctl", "work", "--end=sleep"], root: AsyncRoot.self) == status)
    #expect(world.errors == "error: interrupted (hint: run the same command again, it goes on where it was stopped)\n")
  }

  @Test func `it may tell more about its interruption`() async {
    let world = World(signal: SIGINT)
    #expect(await world.runOnThread(["vineyardctl", "work", "--end=tell"], root: AsyncRoot.self) == .interrupted)
    #expect(world.errors == "error: half done (hint: go on)\n")
  }

  @Test func `a command that ends quietly after a signal still has the signal's status`() async {
    let world = World(signal: SIGTERM)
    #expect(await world.runOnThread(["vineyardctl", "work", "--end=quiet"], root: AsyncRoot.self) == .terminated)
    #expect(world.errors.isEmpty)
  }
}

private struct AsyncRoot: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "vineyardctl", subcommands: [AsyncWork.self])
}

private struct AsyncWork: AsyncContextCommand {
  static let configuration = CommandConfiguration(commandName: "work")

  @Option var end = "success"

  mutating func run(_ context: CommandContext) async throws {
    switch end {
    case "success": context.output("worked\n")
    case "failure": throw ProgramError(.notReady, "not ready", hint: "wait")
    case "help": throw CleanExit.helpRequest(self)
    case "sleep": try await Task.sleep(for: .seconds(600))
    default:
      try? await Task.sleep(for: .seconds(600))
      if end == "tell" { throw ProgramError(.failed, "half done", hint: "go on") }
    }
  }
}
