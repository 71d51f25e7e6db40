import Support
import Testing

@testable import Commands

/// Every flag that `vineyardd --helpfull` of 0.24.2 prints, with its type and default.
@Suite struct OriginalFlagTests {
  struct Flag: Sendable, CustomTestStringConvertible {
    let name: String
    let standard: String
    let other: String
    var testDescription: String { name }
  }

  private static func boolean(_ name: String, _ standard: Bool) -> Flag {
    Flag(name: name, standard: "\(standard)", other: "\(!standard)")
  }

  private static func flag(_ name: String, _ standard: String, _ other: String) -> Flag {
    Flag(name: name, standard: standard, other: other)
  }

  static let daemon: [Flag] = [
    flag("deployment", "local", "distributed"), flag("meta", "local", "local"), flag("meta_timeout", "60", "5"),
    boolean("skip_launch_etcd", true), flag("etcd_endpoint", "", "http://e:2379"),
    flag("etcd_prefix", "vineyard", "/v"), flag("etcd_cmd", "", "etcd"),
    flag("etcd_data_dir", "", "/d"), flag("size", "", "64M"), flag("allocator", "dlmalloc", "mimalloc"),
    boolean("reserve_memory", false), flag("stream_threshold", "80", "50"), flag("spill_path", "", "/s"),
    flag("spill_lower_rate", "0.3", "0.2"), flag("spill_upper_rate", "0.8", "0.9"), flag("socket", "", "/tmp/s"),
    boolean("rpc", true), flag("rpc_socket_port", "9600", "9601"), flag("rdma_endpoint", "", "h:1"),
    boolean("compression", true), boolean("sync_crds", false), boolean("prometheus", false),
    boolean("metrics", false), boolean("coredump", false), flag("htpasswd", "", "/h"),
  ]

  static let libraries: [Flag] = [
    boolean("alsologtostderr", false), boolean("colorlogtostderr", false), boolean("drop_log_memory", true),
    boolean("log_prefix", true), boolean("log_utc_time", false), boolean("logtostderr", false),
    boolean("stop_logging_if_full_disk", false), boolean("symbolize_stacktrace", true),
    boolean("timestamp_in_logfile_name", true), flag("alsologtoemail", "", "a@b"), flag("log_backtrace_at", "", "a:1"),
    flag("log_dir", "", "/l"), flag("log_link", "", "/l"), flag("logbuflevel", "0", "-1"),
    flag("logbufsecs", "30", "1"),
    flag("logemaillevel", "999", "3"), flag("logfile_mode", "436", "384"), flag("logmailer", "", "mail"),
    flag("max_log_size", "1800", "1"), flag("minloglevel", "0", "2"), flag("stderrthreshold", "2", "0"),
    flag("v", "0", "9"), flag("vmodule", "", "a=1"), flag("tab_completion_columns", "80", "100"),
    flag("tab_completion_word", "", "x"),
  ]

  @Test(arguments: daemon + libraries)
  func `the flag is accepted with its default and with another value, in every spelling`(_ flag: Flag) {
    for value in [flag.standard, flag.other] {
      let dashed = String(flag.name.map { $0 == "_" ? "-" : $0 })
      let spellings = [
        ["--\(flag.name)=\(value)"], ["-\(flag.name)=\(value)"], ["--\(dashed)=\(value)"],
        ["--\(flag.name)", value], ["-\(flag.name)", value],
      ]
      for words in spellings {
        let world = World()
        #expect(world.run(["vineyardd", "--meta", "local"] + words) == .ok, "\(words) \(world.errors)")
        #expect(world.started != nil)
      }
    }
  }

  @Test(arguments: (daemon + libraries).filter { $0.standard == "true" || $0.standard == "false" })
  func `a boolean is accepted bare and negated`(_ flag: Flag) {
    #expect(World().run(["vineyardd", "--\(flag.name)"]) == .ok)
    #expect(World().run(["vineyardd", "--no\(flag.name)"]) == .ok)
  }

  @Test func `no flag of the original is missing in the table`() {
    let listed = Set((Self.daemon + Self.libraries).map(\.name))
    #expect(listed.subtracting(FlagTable.all.map(\.name)).isEmpty)
    // Flags without effect are there for the sake of the original only.
    #expect(listed.isSuperset(of: FlagTable.all.filter { $0.status != .supported }.map(\.name)))
  }

  @Test(arguments: FlagTable.all)
  func `a flag without effect warns with its name and a reason unless it asks for what happens anyway`(_ flag: FlagSpec)
  {
    if flag.status == .supported {
      #expect(flag.warning(for: "x") == nil)
      return
    }
    let warning = flag.warning(for: "surprising") ?? ""
    #expect(warning.hasPrefix("--\(flag.name) has no effect: ") || warning.hasPrefix("--\(flag.name) is ignored: "))
    if let settled = flag.settled { #expect(flag.warning(for: settled) == nil) }
  }
}
