/// Why etcd did not do something.
public enum EtcdError: Error, Sendable, Equatable {
  /// No endpoint did it in time; it has not happened.
  case unavailable(String)
  /// It was sent, and no answer came: it may have happened or not.
  case unknownOutcome(String)
  /// The history that was asked for is gone. The revision is the oldest that is still there, where etcd says so.
  case compacted(Int64?)
  /// The cluster is behind what it has told before: another one, or its data was lost.
  case historyLost(String)
  /// The user may not do it, is unknown, or the password is wrong.
  case denied(String)
  /// A lease has run out or was revoked.
  case leaseLost(Int64)
  /// The request or the answer is larger than it may be.
  case tooLarge(String)
  /// The database of etcd is full (its space alarm is raised).
  case noSpace
  /// Etcd takes the request for wrong.
  case refused(String)
  /// The answer makes no sense.
  case malformed(String)
  /// A certificate or key cannot be used.
  case badCertificate(String)
  /// The caller was cancelled, or the client closed.
  case cancelled
}

extension EtcdError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unavailable(let reason): "etcd is unavailable: \(reason)"
    case .unknownOutcome(let reason): "etcd did not answer, the change may have happened: \(reason)"
    case .compacted(let revision):
      "etcd has compacted the history" + (revision.map { ", the oldest revision is \($0)" } ?? "")
    case .historyLost(let reason): "etcd has lost its history: \(reason)"
    case .denied(let reason): "etcd denies access: \(reason)"
    case .leaseLost(let id): "lease \(String(id, radix: 16)) has run out"
    case .tooLarge(let reason): "too large for etcd: \(reason)"
    case .noSpace: "the database of etcd is full"
    case .refused(let reason): "etcd refuses: \(reason)"
    case .malformed(let reason): "etcd answers what makes no sense: \(reason)"
    case .badCertificate(let reason): "the certificates for etcd cannot be used: \(reason)"
    case .cancelled: "cancelled"
    }
  }
}
