import JSON
import StoreCore
import StoreProtocol

/// migrate_object: fetches what an object of another store has, then makes it this store's own.
struct MigrateTask: RequestTask {
  private let id: ObjectID
  private let client: Client
  private var lookup: CopyLookup?
  private var migration: Migration?

  init(_ id: ObjectID, by client: Client) {
    self.id = id
    self.client = client
  }

  mutating func step(_ handler: RequestHandler) throws(StoreError) -> Disposition? {
    let store = handler.store
    if migration == nil {
      if let target = try store.migrate(id, in: client.session) { return handler.answerMigration(target) }
      guard !client.isReadOnly else { throw StoreError(.invalid, "a client that only reads cannot migrate \(id)") }
      guard let missing = try findCopies(store) else { return nil }
      guard missing.isEmpty else {
        guard let pulls = handler.pulls else { throw StoreServer.stopping }
        return .hold(try pulls.fetch(missing, for: client))
      }
      migration = Migration(id, in: client.session, of: client.volume, by: client, isTransient: false)
    }
    guard let target = try migration?.step(store) else { return nil }
    return handler.answerMigration(target)
  }

  private mutating func findCopies(_ store: Store) throws(StoreError) -> [RemoteBlob]? {
    var lookup = lookup ?? CopyLookup([id], for: client)
    self.lookup = nil
    guard let missing = lookup.step(store) else {
      self.lookup = lookup
      return nil
    }
    if let refusal = lookup.refusal { throw refusal }
    return missing
  }

  func abandoned() -> (any StoreTask<Void, Never>)? { migration.map { AbandonedMigration(migration: $0) } }
}

/// Takes back what a migration has made that nobody waits for any more.
private struct AbandonedMigration: StoreTask {
  let migration: Migration

  func step(_ store: Store) -> Void? {
    migration.takeBack(store)
    return ()
  }
}

extension RequestHandler {
  func migrateObject(_ connection: Connection) throws(StoreError) -> Disposition {
    let (id, client) = (try message.objectID("object_id"), connection.client)
    return try knowing(id, client) { handler throws(StoreError) in try handler.start(MigrateTask(id, by: client)) }
  }

  fileprivate func answerMigration(_ target: ObjectID) -> Disposition {
    reply.frame {
      $0.field("object_id", target.rawValue)
      $0.type("migrate_object_reply")
    }
    return .reply
  }
}
