import GRPCCore

/// What several stores said to one question.
struct Survey<Answer: Sendable>: Sendable {
  private(set) var answers: [(store: StoreEndpoint, answer: Answer)] = []
  private(set) var failures: [StoreFailure] = []

  init(_ stores: [StoreEndpoint], _ results: [Result<Answer, StoreFailure>]) {
    for (store, result) in zip(stores, results) {
      switch result {
      case .success(let answer): answers.append((store, answer))
      case .failure(let failure): failures.append(failure)
      }
    }
  }

  /// The failures as one error, nil when there was none.
  ///
  /// A refusal weighs more than silence: asking again does not change it.
  var rpcError: RPCError? {
    guard let worst = failures.first(where: { !$0.isSilence }) ?? failures.first else { return nil }
    let others = failures.count > 1 ? "; \(failures.count - 1) other stores failed, too" : ""
    return RPCError(code: worst.rpcError.code, message: worst.message + others)
  }
}
