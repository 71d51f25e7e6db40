import GRPCCore
import StoreProtocol

/// Why a volume finds no place, node by node.
struct Vacancy: Sendable {
  private let order: VolumeOrder
  private var silent: [String: StoreFailure] = [:]
  private var reasons: [String] = []
  private var code = RPCError.Code.resourceExhausted

  /// - Parameter failures: of stores that could not be asked whether they have the volume.
  init(_ order: VolumeOrder, _ stores: [StoreEndpoint], _ failures: [StoreFailure]) {
    self.order = order
    for failure in failures { silent[failure.store.node] = failure }
    let ready = stores.filter(\.isReady)
    for topology in order.choice.named where !ready.contains(where: { topology.means($0.node) }) {
      let store = stores.first { topology.means($0.node) }
      add("node \(store?.node ?? topology.name): \(store == nil ? "no store" : "its store is not ready")")
    }
    for store in stores where !store.isReady && order.choice.allows(store.node) {
      add("node \(store.node): its store is not ready")
    }
    if let key = order.choice.foreignKey { add(NodeChoice.explanation(of: key)) }
  }

  private mutating func add(_ reason: String) {
    if !reasons.contains(reason) { reasons.append(reason) }
  }

  /// Whether a store can be asked; if not, that is a reason.
  mutating func considers(_ store: StoreEndpoint) -> Bool {
    guard let failure = silent[store.node] else { return true }
    add(failure)
    return false
  }

  /// Notes that a store has no room.
  ///
  /// - Throws: `RPCError` when it said something else: then the next one would say the same, or the volume may be there.
  mutating func note(_ failure: StoreFailure) throws(RPCError) {
    switch failure.code {
    case .notEnoughMemory: add(failure)
    case .notImplemented where order.source != nil: throw RPCError(code: .invalidArgument, message: failure.message)
    default: throw failure.rpcError
    }
  }

  private mutating func add(_ failure: StoreFailure) {
    reasons.append("node \(failure.store.node): \(failure.explanation)")
    // One that did not even say that it has no room may have some.
    if failure.code != .notEnoughMemory { code = .unavailable }
  }

  var rpcError: RPCError {
    let shown = reasons.prefix(8).joined(separator: "; ")
    let more = reasons.count > 8 ? "; and \(reasons.count - 8) more" : ""
    let why = reasons.isEmpty ? "the cluster has no stores (hint: 'vineyardctl status')" : shown + more
    return RPCError(
      code: code, message: "cluster \(order.settings.cluster) has no place for volume '\(order.handle.leaf)': \(why)")
  }
}
