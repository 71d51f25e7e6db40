import StoreProtocol
import Support

/// Reason why a request to a store has no result.
public enum StoreClientError: Error {
  /// Nobody answers, or not in the store's language.
  case unreachable(CommandError)
  /// The store says no.
  case refused(StoreError)
}

extension StoreClientError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable(let error): error.description
    case .refused(let error): error.message
    }
  }
}
