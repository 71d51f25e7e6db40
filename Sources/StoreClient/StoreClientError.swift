import StoreProtocol
import Support

/// Reason why a request to a store has no result.
public enum StoreClientError: Error {
  /// Absence of an answer, or an answer that is not in the store's language.
  case unreachable(ProgramError)
  /// Refusal by the store.
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
