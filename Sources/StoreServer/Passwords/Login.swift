/// A registration whose password is to be checked.
struct Login: Sendable {
  let username: String
  let password: String
  /// Who asks, as far as it matters for how often: a user of this machine, or an address.
  let peer: String
  /// The request, which is answered when the check is done.
  let frame: [UInt8]
}
