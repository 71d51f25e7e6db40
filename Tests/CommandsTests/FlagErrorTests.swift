import Support
import Testing

@testable import Commands

@Suite struct FlagErrorTests {
  @Test(arguments: [
    ("--soket=/x", "unknown flag '--soket=/x' (hint: did you mean --socket?)"),
    ("--rpc-socket-prot=1", "unknown flag '--rpc-socket-prot=1' (hint: did you mean --rpc_socket_port?)"),
    ("-zzzzzzzzz", "unknown flag '-zzzzzzzzz' (hint: --help lists the flags)"),
    ("--RPC", "unknown flag '--RPC' (hint: --help lists the flags)"),
    ("--nosize", "--nosize negates a flag that is not boolean (hint: leave it out)"),
    ("--norpc=true", "--norpc=true: a negated flag takes no value (hint: write --rpc=false)"),
    ("--rpc=", "invalid value '' for --rpc (hint: give true or false)"),
    ("--rpc=maybe", "invalid value 'maybe' for --rpc (hint: give true or false)"),
    ("--rpc_socket_port=abc", "invalid value 'abc' for --rpc_socket_port (hint: give a whole number)"),
    ("--rpc_socket_port=0x", "invalid value '0x' for --rpc_socket_port (hint: give a whole number)"),
    ("--spill_lower_rate=x", "invalid value 'x' for --spill_lower_rate (hint: give a number)"),
    ("--allocator=x", "invalid value 'x' for --allocator (hint: give dlmalloc or mimalloc)"),
    ("--size", "--size needs a value (hint: write --size=VALUE)"),
    ("--flagfile", "--flagfile needs a value (hint: write --flagfile=VALUE)"),
  ])
  func `a wrong flag is a usage error`(_ word: String, _ message: String) throws {
    let error = try #require(throws: ProgramError.self) { try World().normalizer.normalize([word]) }
    #expect(error.code == .usage)
    #expect(error.description == message)
  }

  @Test func `a number does not take the next flag for its value`() {
    #expect(throws: ProgramError.self) { try World().normalizer.normalize(["--v", "--metrics"]) }
  }

  @Test(arguments: [("socket", "soket"), ("size", "siz"), ("rpc", "rcp")])
  func `the nearest name is a guess at most a third away`(_ name: String, _ typo: String) {
    #expect(nearest(to: typo, in: ["socket", "size", "rpc"]) == (typo == "rcp" ? nil : name))
    #expect(nearest(to: "entirely-different", in: ["socket", "size"]) == nil)
  }
}
