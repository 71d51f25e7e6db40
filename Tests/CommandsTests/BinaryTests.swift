import Support
import Testing

/// The built executable, as a shell sees it; the rest of the suite proves the same in-process.
@Suite(.enabled(if: Executable.path != nil, "set VINEYARDCTL to the executable")) struct BinaryTests {
  @Test(
    arguments: [
      ("", 0), ("--help", 0), ("version", 0), ("vineyardd --version", 0), ("nosuch", 2), ("--nosuch", 2),
      ("vineyardd --nosuch", 2), ("vineyardd --size=x", 2), ("vineyardd --etcd_endpoint=e:0", 2),
    ] as [(String, Int32)])
  func `the exit status tells what happened`(_ arguments: String, _ status: Int32) throws {
    let run = try Executable.run(["vineyardctl"] + arguments.split(separator: " ").map(String.init))
    #expect(run.status == status)
    #expect(run.errors.isEmpty == (status == 0))
    #expect(run.output.isEmpty == (status != 0))
    #expect(run.errors.filter { $0 == "\n" }.count == (status == 0 ? 0 : 1))
  }

  @Test(arguments: [["--help"], ["version"], ["completion", "bash"], ["vineyardd", "--help"]])
  func `a stream that takes nothing is a failure in one line`(_ arguments: [String]) throws {
    let run = try Executable.run(["vineyardctl"] + arguments, output: "/dev/full")
    #expect(run.status == 1)
    #expect(run.errors == "error: cannot write everything to stdout: No space left on device\n")
  }

  @Test func `it is the daemon when called by that name`() throws {
    let run = try Executable.run(["/usr/local/bin/vineyardd", "--version"])
    #expect(run.output.hasPrefix("vineyardd version \(Version.current)\n"))
  }
}
