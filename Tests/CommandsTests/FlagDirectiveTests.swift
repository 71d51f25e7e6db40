import Support
import Testing

@testable import Commands

@Suite struct FlagDirectiveTests {
  @Test func `a flag file has one flag a line and comments`() throws {
    let text = """
      # memory
      --size=1G

        -norpc
      --socket /tmp/a b.sock
      --socket_group=a b
      """
    let world = World(files: ["/flags": text])
    let result = try world.normalizer.normalize(["--flagfile=/flags"])
    #expect(result.arguments == ["--size=1G", "--no-rpc", "--socket=/tmp/a b.sock", "--socket_group=a b"])
  }

  @Test func `flags before and after a flag file count in their order`() throws {
    let world = World(files: ["/a": "--size=1G\n--v=1", "/b": "--v=2"])
    #expect(
      try world.normalizer.normalize(["--v=7", "-flagfile", "/a,/b", "--size=3G"]).arguments == ["--v=2", "--size=3G"])
  }

  @Test func `sections of a flag file apply to the named programs`() throws {
    let text = "--v=1\nother\n--v=2\nfoo vine*\nbar\n--size=1G\nother\n--size=2G"
    #expect(FlagFile.arguments(in: text, program: "vineyardd") == ["--v=1", "--size=1G"])
  }

  @Test func `a flag file may include another but not itself`() throws {
    let world = World(files: ["/a": "--flagfile=/b", "/b": "--v=3", "/loop": "--flagfile=/loop"])
    #expect(try world.normalizer.normalize(["--flagfile=/a"]).arguments == ["--v=3"])
    let error = try #require(throws: ProgramError.self) { try world.normalizer.normalize(["--flagfile=/loop"]) }
    #expect(error.cause == "files include each other")
  }

  @Test func `a missing flag file is an error`() {
    #expect(throws: ProgramError.self) { try World().normalizer.normalize(["--flagfile=/none"]) }
  }

  @Test func `flags are taken from the environment`() throws {
    let world = World(environment: ["FLAGS_size": "1G", "FLAGS_rpc": "false"])
    #expect(try world.normalizer.normalize(["--fromenv=size,rpc"]).arguments == ["--size=1G", "--no-rpc"])
    #expect(try world.normalizer.normalize(["--tryfromenv", "size,socket"]).arguments == ["--size=1G"])
    #expect(try world.normalizer.normalize(["--fromenv=size", "--size=2G"]).arguments == ["--size=2G"])
  }

  @Test func `a variable that is missing is an error for fromenv only`() throws {
    let error = try #require(throws: ProgramError.self) { try World().normalizer.normalize(["--fromenv=size"]) }
    #expect(error.line == "error: FLAGS_size is not set (hint: set it, or use --tryfromenv=size)")
    #expect(throws: ProgramError.self) { try World().normalizer.normalize(["--tryfromenv=nosuch"]) }
  }

  @Test(arguments: [["--undefok=zz,a-b", "--zz=3", "-nozz", "--a_b"], ["--zz", "--a-b=1", "--undefok", "zz,a_b"]])
  func `undefok tolerates unknown flags wherever it stands`(_ arguments: [String]) throws {
    #expect(try World().normalizer.normalize(arguments + ["--v=1"]).arguments == ["--v=1"])
  }

  @Test(arguments: ["--help", "-help", "-h", "--helpfull", "--helpshort", "--helpxml", "--helpon=x", "--helpmatch=x"])
  func `every help flag asks for the help`(_ flag: String) throws {
    #expect(try World().normalizer.normalize(["--v=1", flag, "--nosuch"]).arguments == ["--help"])
  }

  @Test func `version and completion are handed on`() throws {
    #expect(try World().normalizer.normalize(["-version"]).arguments == ["--version"])
    #expect(
      try World().normalizer.normalize(["--generate-completion-script", "zsh"]).arguments
        == ["--generate-completion-script", "zsh"])
  }

  @Test func `glog's variables count when the flag is not given`() throws {
    let world = World(environment: ["GLOG_v": "11", "GLOG_minloglevel": "1"])
    #expect(try world.normalizer.normalize([]).arguments == ["--v=11", "--minloglevel=1"])
    #expect(try world.normalizer.normalize(["--v=0"]).arguments == ["--v=0", "--minloglevel=1"])
    #expect(try World(environment: ["GLOG_v": "x"]).normalizer.normalize([]).arguments == [])
  }

  @Test func `the variable for CRDs warns like the flag`() throws {
    let warnings = try World(environment: ["VINEYARD_SYNC_CRDS": "1"]).normalizer.normalize([]).warnings
    #expect(warnings == ["VINEYARD_SYNC_CRDS is ignored: persisted objects are not mirrored to Kubernetes yet"])
    #expect(try World(environment: ["VINEYARD_SYNC_CRDS": "0"]).normalizer.normalize([]).warnings == [])
  }
}
