/// Every flag the daemon accepts; the one place that says what becomes of each.
public enum FlagTable {
  /// All flags, the original's and ours, in the order of the help.
  public static let all: [FlagSpec] = daemon + glog

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// The flag of a name written with underscores.
  static func spec(named name: String) -> FlagSpec? { byName[name] }

  /// The boolean flag that `nox`, `no_x` or `no-x` switches off.
  static func spec(negatedBy name: String) -> FlagSpec? {
    guard name.hasPrefix("no") else { return nil }
    let positive = name.dropFirst(2)
    let spec = byName[String(positive)] ?? byName[String(positive.drop { $0 == "_" })]
    return spec.flatMap { $0.isBoolean ? $0 : nil }
  }

  /// The flags of the daemon itself, without those of its logging library.
  static let daemon = store + endpoints + metadata + logging

  private static let store = [
    FlagSpec("size", .text),
    FlagSpec("huge_pages", .text),
    FlagSpec("populate", .text),
    FlagSpec("reserve_memory", .boolean(default: false)),
    FlagSpec("deleted_memory", .text),
    FlagSpec("overwrite", .text),
    FlagSpec("stream_threshold", .integer),
    FlagSpec(
      "allocator", .choice(["dlmalloc", "mimalloc"]), .withoutEffect("the store has one allocator"),
      settled: "dlmalloc"),
    FlagSpec(
      "spill_path", .text, .notYet("spilling is not available yet; a full store refuses new objects"),
      settled: ""),
    FlagSpec("spill_lower_rate", .number, .notYet("spilling is not available yet"), settled: "0.3"),
    FlagSpec("spill_upper_rate", .number, .notYet("spilling is not available yet"), settled: "0.8"),
  ]

  private static let endpoints = [
    FlagSpec("socket", .text),
    FlagSpec("socket_mode", .text),
    FlagSpec("socket_group", .text),
    FlagSpec("rpc", .boolean(default: true)),
    FlagSpec("rpc_socket_port", .integer),
    FlagSpec("rpc_host", .text),
    FlagSpec("metrics_host", .text),
    FlagSpec("metrics_port", .integer),
    FlagSpec("htpasswd", .text),
    FlagSpec("admin_token_file", .text),
    FlagSpec("allow_cluster_scope", .boolean(default: false)),
    FlagSpec("deployment", .text),
    FlagSpec("rdma_endpoint", .text, .withoutEffect("RDMA is not available, transfers use TCP"), settled: ""),
    FlagSpec(
      "compression", .boolean(default: true), .withoutEffect("transfers between hosts are not compressed"),
      settled: "false"),
  ]

  private static let etcdReason = "metadata in etcd is not available yet"

  private static let metadata = [
    FlagSpec("meta", .text),
    FlagSpec("etcd_endpoint", .text),
    FlagSpec("meta_timeout", .integer, .notYet(etcdReason), settled: "60"),
    FlagSpec("skip_launch_etcd", .boolean(default: true), .notYet(etcdReason), settled: "true"),
    FlagSpec("etcd_prefix", .text, .notYet(etcdReason), settled: "vineyard"),
    FlagSpec("etcd_cmd", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("etcd_data_dir", .text, .notYet(etcdReason), settled: ""),
    FlagSpec("sync_crds", .boolean(default: false), .notYet(syncCRDsReason), settled: "false"),
  ]

  /// Why persisted objects do not show up in Kubernetes, for the flag and for the environment variable.
  static let syncCRDsReason = "persisted objects are not mirrored to Kubernetes yet"
}
