import Commands
import Support
import Testing

@Suite struct VineyarddWarningTests {
  @Test(arguments: [
    ("--rdma_endpoint=h:1", "--rdma_endpoint has no effect: RDMA is not available, transfers use TCP"),
    ("--compression", "--compression has no effect: transfers between hosts are not compressed"),
    ("--sync_crds", "--sync_crds is ignored: persisted objects are not mirrored to Kubernetes yet"),
    ("--spill_path=/s", "--spill_path is ignored: spilling is not available yet; a full store refuses new objects"),
    ("--etcd_cmd=e", "--etcd_cmd is ignored: etcd is never started by the daemon"),
    ("--log_dir=/l", "--log_dir has no effect: the log goes to stderr only"),
    ("--metrics_host=::1", "--metrics_host has no effect: nothing serves metrics without --metrics_port"),
    ("--etcd_endpoint=http://e", "--etcd_endpoint has no effect: metadata is local"),
    ("--etcd_user=u", "--etcd_user has no effect: metadata is local"),
    ("--peer_timeout=5", "--peer_timeout has no effect: metadata is local, and there are no other stores"),
  ])
  func `a flag without effect is one warning in the log`(_ flag: String, _ warning: String) {
    let world = World()
    #expect(world.run("vineyardd", "--meta=local", flag) == .ok)
    #expect(world.log == ["WARN  \(warning)"])
    #expect(world.errors.isEmpty && world.output.isEmpty)
  }

  @Test func `the daemon without flags is silent`() {
    let world = World()
    #expect(world.run("vineyardd") == .ok)
    #expect(world.log.isEmpty)
  }

  @Test func `what asks for what happens anyway is silent`() {
    let world = World()
    let flags = ["--nocompression", "--logtostderr", "--skip_launch_etcd", "--rdma_endpoint=", "--allocator=dlmalloc"]
    #expect(world.run(["vineyardd"] + flags) == .ok)
    #expect(world.log.isEmpty)
  }

  @Test func `warnings follow the log level of the command line`() {
    let world = World()
    #expect(world.run("vineyardd", "--minloglevel=2", "--sync_crds") == .ok)
    #expect(world.log.isEmpty)
  }
}
