import Support
import Testing

@testable import Commands

@Suite struct FlagSpellingTests {
  @Test(arguments: [
    "--size 1G", "--size=1G", "-size 1G", "-size=1G", "--size=2G --size=1G", "-size 2G --size 1G",
  ])
  func `a value may follow in the next word or behind an equals sign, and the last one counts`(_ line: String) throws {
    #expect(try normalize(line) == ["--size=1G"])
  }

  @Test(arguments: [
    "--rpc_socket_port=77", "--rpc-socket-port=77", "-rpc-socket_port 77", "--rpc_socket_port=0x4d",
  ])
  func `names take dashes for underscores and integers may be hexadecimal`(_ line: String) throws {
    #expect(try normalize(line) == ["--rpc_socket_port=77"])
  }

  @Test(arguments: [
    "--metrics", "-metrics", "--metrics=true", "--metrics=1", "--metrics=t", "--metrics=yes", "-metrics=Y",
    "--metrics=TRUE", "--nometrics --metrics", "--metrics true", "--metrics 1",
  ])
  func `a boolean is switched on`(_ line: String) throws {
    #expect(try normalize(line) == ["--metrics"])
  }

  @Test(arguments: [
    "--norpc", "-norpc", "--no-rpc", "--no_rpc", "--rpc=false", "-rpc=0", "--rpc=f", "--rpc=no", "--rpc=N",
    "--rpc=False", "--rpc --norpc",
  ])
  func `a boolean is switched off`(_ line: String) throws {
    #expect(try normalize(line) == ["--no-rpc"])
  }

  @Test func `a boolean set to its default says nothing`() throws {
    #expect(try normalize("--rpc --nometrics --no-reserve-memory --noreserve_memory") == [])
  }

  @Test(arguments: ["no", "false", "0", "f", "n"])
  func `a boolean word after a boolean is its value, with a warning when it is false`(_ word: String) throws {
    let result = try World().normalizer.normalize(["--rpc", word])
    #expect(result.arguments == ["--no-rpc"])
    #expect(result.warnings == ["read '--rpc \(word)' as --rpc=false; write it with an equals sign"])
  }

  @Test func `values keep equals signs, blanks and leading dashes`() throws {
    let normalizer = World().normalizer
    #expect(try normalizer.normalize(["--socket=/a=b c"]).arguments == ["--socket=/a=b c"])
    #expect(try normalizer.normalize(["--socket", "-x"]).arguments == ["--socket=-x"])
    #expect(try normalizer.normalize(["--v", "-1"]).arguments == ["--v=-1"])
  }

  @Test func `an empty text is the default`() throws {
    #expect(try normalize("--size= --socket= --metrics") == ["--metrics"])
  }

  @Test func `arguments that are not flags are ignored as in the original, with a warning`() throws {
    let result = try World().normalizer.normalize(["stray", "--metrics", "--", "--rpc=false", "-"])
    #expect(result.arguments == ["--metrics"])
    #expect(
      result.warnings == [
        "ignored the argument 'stray', which is not a flag", "ignored the argument '--rpc=false', which is not a flag",
        "ignored the argument '-', which is not a flag",
      ])
  }

  @Test func `the command line the original's operator writes for an empty size is read as meant`() throws {
    let line = "--sync_crds false --socket /var/run/vineyard.sock --size --stream_threshold 80 --metrics -log_dir /l/"
    let result = try World().normalizer.normalize(line.split(separator: " ").map(String.init))
    #expect(result.arguments == ["--socket=/var/run/vineyard.sock", "--stream_threshold=80", "--metrics"])
    #expect(
      result.warnings == [
        "read '--sync_crds false' as --sync_crds=false; write it with an equals sign",
        "read '--size' without a value, as --size=; '--stream_threshold' is a flag",
        "--log_dir has no effect: the log goes to stderr only",
      ])
  }

  private func normalize(_ line: String) throws -> [String] {
    try World().normalizer.normalize(line.split(separator: " ").map(String.init)).arguments
  }
}
