import Synchronization

/// The latest revision that any of several watches of one cluster has told. By it a watch of keys that hardly ever change
/// notices that etcd has lost its data: its own revision may be lower than those that etcd has reached anew.
public final class EtcdHorizon: Sendable {
  private struct State {
    var revision: Int64 = 0
    /// How often the cluster was found behind what it had told.
    var losses = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// The history that is told now. A watch that began in an earlier one has a gap.
  var history: Int { state.withLock(\.losses) }

  /// Notes what a watch was told.
  func note(_ revision: Int64, of history: Int) {
    state.withLock { state in
      if state.losses == history { state.revision = max(state.revision, revision) }
    }
  }

  /// Compares with what the cluster says when it is asked.
  ///
  /// - Throws: `EtcdError.historyLost` when it is behind what it has told to anybody, or was since the watch began.
  func check(_ revision: Int64, of history: Int) throws(EtcdError) {
    let latest = state.withLock { state -> Int64? in
      if state.losses != history { return state.revision }
      guard revision < state.revision else { return nil }
      defer { (state.revision, state.losses) = (revision, state.losses + 1) }
      return state.revision
    }
    if let latest { throw .historyLost("it is at revision \(revision), other keys were at \(latest)") }
  }
}
