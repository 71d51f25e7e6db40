import EtcdClient
import EtcdMetadata
import Logging
import StoreServer
import Support
import Synchronization

/// An etcd that holds the metadata of several stores.
struct EtcdOptions: Sendable, Equatable {
  var endpoints: [EtcdEndpoint]
  /// The beginning of all keys.
  var prefix: String
  /// How long etcd may be away at the start.
  var timeout: Duration
}

/// Joins the stores that share an etcd.
func metadataSharing(_ options: EtcdOptions, _ log: Logger) -> MetadataSharing {
  { store, record, wake throws(ProgramError) in
    let client = EtcdClient(endpoints: options.endpoints)
    let places = options.endpoints.map(\.description).joined(separator: ",")
    log.info("metadata is shared through \(places), prefix \(options.prefix)")
    let joining = wait { () async -> Result<EtcdMembership, EtcdError> in
      do throws(EtcdError) {
        return .success(
          try await EtcdMembership.join(client, prefix: options.prefix, record: record, within: options.timeout))
      } catch {
        return .failure(error)
      }
    }
    switch joining {
    case .success(let membership):
      log.info("this is instance \(membership.instance)")
      return EtcdBackend(membership, store: store, patience: options.timeout, log: log, wake: wake)
    case .failure(let error):
      throw ProgramError(
        .notReady, "the store is not ready: its metadata is in etcd", cause: "\(error)",
        hint: "see that etcd runs at \(places), or start with --meta local")
    }
  }
}

/// Blocks this thread until something asynchronous is done.
private func wait<Output: Sendable>(_ work: @escaping @Sendable () async -> Output) -> Output {
  let outcome = Outcome<Output>()
  Task.detached { outcome.give(await work()) }
  return outcome.await()
}

/// Passes the outcome of a task to a thread that is blocked until then.
private final class Outcome<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
  private let isThere = Semaphore()

  func give(_ outcome: Value) {
    value.withLock { $0 = outcome }
    isThere.signal()
  }

  func await() -> Value {
    while true {
      isThere.wait()
      if let value = value.withLock({ $0 }) { return value }
    }
  }
}
