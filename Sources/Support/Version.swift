/// The two version numbers of this program.
public enum Version {
  /// The Vineyard release whose wire protocol, flags and objects this program follows.
  ///
  /// Clients parse it as `x.y.z`, so it stays plain.
  public static let current = "0.24.2"

  /// The version of `vineyardctl` itself.
  public static let product = "0.1.0"
}
