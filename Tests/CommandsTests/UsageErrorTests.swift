import Commands
import Support
import Testing

@Suite struct UsageErrorTests {
  @Test(arguments: [
    ("deploy vineyardd mine", "unexpected argument 'mine' (hint: --name mine gives a name)"),
    ("delete vineyardd mine", "unexpected argument 'mine' (hint: --name mine gives a name)"),
    (
      "inject",
      "unknown command 'inject' (hint: the original has it, this release has not; each node has a store, which pods reach through a volume (docs/compatibility.md))"
    ),
    ("foo", "unknown command 'foo' (hint: 'vineyardctl --help' lists the commands)"),
    ("versoin", "unknown command 'versoin' (hint: did you mean 'version'?)"),
    ("help foo", "unknown command 'foo' (hint: 'vineyardctl --help' lists the commands)"),
    (
      "install",
      "unknown command 'install' (hint: 'vineyardctl deploy vineyard-cluster --create-namespace' installs operator and stores)"
    ),
    (
      "uninstall",
      "unknown command 'uninstall' (hint: 'vineyardctl delete vineyard-cluster' removes what was deployed)"
    ),
    (
      "upgrade",
      "unknown command 'upgrade' (hint: deploying again with the new program or flags upgrades: 'vineyardctl deploy vineyard-cluster')"
    ),
    (
      "log", "unknown command 'log' (hint: 'vineyardctl logs' shows what all components wrote)"
    ),
    ("get object", "no object is given (hint: 'vineyardctl get object ID' or a name instead of the id)"),
    ("ls objects --limit=-1", "invalid --limit -1 (hint: give a number, 0 for all)"),
    ("ls objects --volume a --claim b/c", "--volume contradicts --claim (hint: give one of them)"),
    (
      "ls names --rpc-socket host:0",
      "'host:0' is no address of a store (hint: write HOST:PORT, such as 10.0.0.7:9600)"
    ),
    ("put", "nothing to store is given (hint: give --value or --file)"),
    ("rm", "no object is given (hint: 'vineyardctl rm ID' or a name instead of the id)"),
    ("top --interval 1ms", "invalid --interval '1ms' (hint: give at least 200ms)"),
    ("test --size 0", "invalid --size '0' (hint: give a number above zero, up to 64Gi)"),
    ("status -f x --wait", "--file contradicts --wait (hint: what is in an archive stays)"),
    (
      "deploy vineyard-cluster --dry-run",
      "--dry-run needs a value (hint: write --dry-run=none or --dry-run=client or --dry-run=server)"
    ),
    (
      "deploy vineyard-cluster --dry-run -n x",
      "--dry-run needs a value: '-n' is a flag (hint: write --dry-run=none or --dry-run=client or --dry-run=server)"
    ),
    (
      "status -o",
      "--output needs a value (hint: write --output=table or --output=json or --output=yaml or --output=name)"
    ),
    ("--nope", "unknown flag '--nope' (hint: 'vineyardctl --help' explains the flags)"),
    ("version --nope", "unknown flag '--nope' (hint: 'vineyardctl version --help' explains the flags)"),
    ("version x", "unexpected argument 'x' (hint: 'vineyardctl version --help' explains the flags)"),
    (
      "version -o xml",
      "the value 'xml' is invalid for '--output <format>' (hint: please provide one of 'table', 'json', 'yaml' or 'name')"
    ),
    ("vineyardd --soket=1", "unknown flag '--soket=1' (hint: did you mean --socket?)"),
    (
      "vineyardd --rpc_socket_port=99999",
      "the value '99999' is invalid for '--rpc_socket_port <port>' (hint: 'vineyardctl vineyardd --help' explains the flags)"
    ),
    (
      "vineyardd --meta redis",
      "the value 'redis' is invalid for '--meta <backend>' (hint: please provide one of 'local' and 'etcd')"
    ),
    (
      "vineyardd --size 12Q",
      "invalid size '12Q': unknown unit 'Q' (hint: write a number and k, m, g, t, p or e, such as 512M or 1.5Gi)"
    ),
    ("vineyardd --socket_mode 778", "invalid --socket_mode '778' (hint: give octal digits, 0 to 0777)"),
    ("vineyardd --socket_mode 7777", "invalid --socket_mode '7777' (hint: give octal digits, 0 to 0777)"),
    ("vineyardd --socket_group nobody", "unknown group 'nobody' for --socket_group (hint: give a name or a number)"),
    ("vineyardd --stream_threshold 101", "invalid --stream_threshold 101 (hint: give a percentage, 0 to 100)"),
    (
      "vineyardd --reserve_memory --populate off",
      "--reserve_memory contradicts --populate (hint: give one of them)"
    ),
  ])
  func `a wrong command line is one line on stderr and status 2`(_ line: String, _ message: String) {
    let world = World()
    #expect(world.run(["vineyardctl"] + line.split(separator: " ").map(String.init)) == .usage)
    #expect(world.errors == "error: \(message)\n")
    #expect(world.output.isEmpty && world.started == nil)
  }

  @Test(arguments: [
    (
      "--etcd_ca_file=/missing",
      "invalid --etcd_ca_file '/missing': No such file or directory (hint: give a file that can be read)"
    ),
    (
      "--etcd_key_file=/k",
      "--etcd_cert_file and --etcd_key_file belong together (hint: give both, or none where etcd asks for no certificate)"
    ),
    (
      "--etcd_user=u",
      "no password for --etcd_user u (hint: give a file with --etcd_password_file, or set VINEYARD_ETCD_PASSWORD)"
    ),
    ("--etcd_password_file=/p", "--etcd_password_file without --etcd_user (hint: say whose password it is)"),
    ("--meta_timeout=0", "invalid --meta_timeout 0 (hint: give seconds, 1 to 86400)"),
    (
      "--etcd_prefix=a/",
      "invalid --etcd_prefix 'a/' (hint: give the beginning of the keys without the slash at its end)"
    ),
  ])
  func `a flag about etcd that makes no sense is one line on stderr and status 2`(_ flag: String, _ message: String) {
    let world = World()
    #expect(world.run("vineyardd", "--meta=etcd", flag) == .usage)
    #expect(world.errors == "error: \(message)\n")
    #expect(world.started == nil)
  }

  @Test(arguments: [
    ("--meta_timeout=-3", "invalid --meta_timeout -3 (hint: give seconds, 1 to 86400)"),
    ("--meta_lease=1", "invalid --meta_lease 1 (hint: give seconds, 2 to 86400)"),
    ("--meta_silence=0", "invalid --meta_silence 0 (hint: give seconds, 1 to 86400)"),
    (
      "--peer_tls=offer",
      "--peer_tls offer needs --peer_cert_file, --peer_key_file and --peer_ca_file (hint: give all three, or leave it out for stores that talk without TLS)"
    ),
    (
      "--peer_ca_file=/ca",
      "--peer_cert_file, --peer_key_file and --peer_ca_file belong together (hint: give all three, or none for stores that talk without TLS)"
    ),
  ])
  func `a wrong time or half of TLS is refused without etcd, too`(_ flag: String, _ message: String) {
    let world = World()
    #expect(world.run("vineyardd", flag) == .usage)
    #expect(world.errors == "error: \(message)\n")
    #expect(world.started == nil)
  }

  @Test(arguments: ["--meta etcd --etcd_endpoint e:0", "--etcd_endpoint=http://"])
  func `a wrong address of etcd is one line on stderr and status 2`(_ flags: String) {
    let world = World()
    #expect(world.run(["vineyardd"] + flags.split(separator: " ").map(String.init)) == .usage)
    #expect(world.errors.contains("is no address of etcd"))
    #expect(world.started == nil)
  }
}
