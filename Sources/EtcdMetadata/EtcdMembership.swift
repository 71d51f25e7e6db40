import EtcdClient
import Logging
import StoreCore
import Support

/// A store's place among those that share an etcd: its id, and what was there when it came.
public struct EtcdMembership: Sendable {
  /// What the store has of its own accord.
  public let instance: UInt64
  let client: EtcdClient
  let layout: KeyLayout
  let contents: EtcdContents

  /// How often released daemons expect to hear of a store.
  private static let interval: Duration = .seconds(10)

  /// Gets an instance id, writes down who has it, and reads what is there.
  ///
  /// - Throws: `EtcdError` when that does not succeed within the limit.
  public static func join(
    _ client: EtcdClient, prefix: String, record: InstanceRecord, within limit: Duration
  ) async throws(EtcdError) -> EtcdMembership {
    let layout = KeyLayout(prefix: prefix)
    // Whether anybody is there is found out with the caller's patience; the rest with that of the client.
    _ = try await client.get(layout.text(.nextInstance), within: limit)
    let instance = try await Registration(client: client, layout: layout).register(record)
    return EtcdMembership(
      instance: instance, client: client, layout: layout, contents: try await EtcdContents.read(client, layout))
  }

  /// Says again and again that the store is there.
  func beat(_ log: Logger) async {
    let key = layout.text(.instance(instance, "timestamp"))
    while (try? await Task.sleep(for: Self.interval)) != nil {
      let now = Timestamp.now()
      let (seconds, milliseconds) = now.milliseconds.quotientAndRemainder(dividingBy: 1000)
      let value = UInt64(max(0, seconds)) << 32 | UInt64(max(0, milliseconds)) * 1000
      do throws(EtcdError) {
        try await client.put(key, JSONText.text(value))
      } catch {
        log.warning("other stores hear nothing of this one: \(error)")
      }
    }
  }
}
