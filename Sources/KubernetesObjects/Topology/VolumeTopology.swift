import Crypto

/// Labels of nodes by which Kubernetes knows where a volume of the CSI driver can be used.
public enum VolumeTopology {
  /// The label whose value means the node. The kubelet sets it when it registers the driver; it is the driver's own,
  /// since the kubelet refuses a driver whose value differs from a label that the node has already, and
  /// `kubernetes.io/hostname` is not the node's name on every cluster.
  public static let nodeKey = "csi.vineyard.v6d.io/node"
  /// Label of former releases, which is in PersistentVolumes that exist.
  public static let formerNodeKey = "kubernetes.io/hostname"
  /// Beginning of the labels of nodes with a ready store, one for each cluster; the operator sets and removes them.
  public static let storeKeyPrefix = "csi.vineyard.v6d.io/store-"
  /// Value of these labels.
  public static let storeValue = "true"

  /// Bytes of the longest value of a label, and of the longest name of one without its prefix (Kubernetes documentation,
  /// "Labels and Selectors").
  private static let longest = 63

  /// The value of a node's label: its name, or a hash of a name that is too long for a label.
  public static func nodeValue(_ node: String) -> String {
    node.utf8.count <= longest ? node : "x-\(StableHash.hex(node))"
  }

  /// The label of the nodes with a ready store of a cluster: its namespace and name, or a hash of those that are too long.
  ///
  /// No namespace has a dot, so the two forms never meet.
  public static func storeKey(namespace: String, name: String) -> String {
    let plain = "\(namespace).\(name)"
    let fits = "store-\(plain)".utf8.count <= longest
    return storeKeyPrefix + (fits ? plain : "x-\(StableHash.hex("\(namespace)/\(name)"))")
  }
}

/// The first half of a SHA-256 hash, as 32 hexadecimal digits: enough that no two names ever meet.
public enum StableHash {
  public static func hex(_ text: String) -> String {
    SHA256.hash(data: Array(text.utf8)).prefix(16).reduce(into: "") { digits, byte in
      digits += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }
}
