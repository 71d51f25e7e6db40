import StoreClient
import StoreProtocol
import Support

extension StoreFailure {
  /// What somebody who looks at this node is told of a store that does not answer.
  var silence: String { "no store of \(store.cluster) answers on node \(store.node): \(reason.plainReason)".onOneLine }
}

extension StoreClientError {
  /// Why, without where and without advice.
  var plainReason: String {
    switch self {
    case .unreachable(let error): error.cause ?? error.message
    case .refused(let error): error.message
    }
  }
}
