import Documents
import StoreClient
import StoreProtocol
import Support

/// One store with its volumes; each question is asked on a connection of its own.
public struct StoreSurvey: Sendable {
  public let access: StoreConnection.Access
  /// The id of the store among those that share an etcd.
  public let instance: UInt64
  /// The stores that share objects with it, by `i` and number.
  public let instances: Fields
  /// Memory and clients, as the store says it.
  public let status: Fields
  public let version: String
  public let volumes: [VolumeRecord]
  /// Memory of the store; nil for one that has no volumes.
  public let capacity: StoreCapacity?
  /// Lines about questions that could not be asked, and why.
  public private(set) var notes: [String] = []

  /// Asks a store for its volumes and its state.
  ///
  /// - Throws: `ProgramError`.
  public init(_ access: StoreConnection.Access) throws(ProgramError) {
    let connection = try StoreConnection(access)
    self.access = access
    instance = connection.instance
    version = connection.version
    instances = try connection.instances()
    status = try connection.status()
    do throws(ProgramError) {
      let found = try connection.volumes(access.adminToken)
      (volumes, capacity) = (found.volumes, found.capacity)
    } catch {
      (volumes, capacity) = ([], nil)
      // The original has no volumes; the socket of a volume has no others.
      if case .network = access.address, error.description.contains("token") {
        notes.append("volumes are not shown: \(error.cause ?? error.message)")
      }
    }
  }

  /// Whether other stores show the same objects.
  public var isShared: Bool { instances.count > 1 }

  /// Volumes with names and objects of their own, as far as a question is about them; nil stands for what is in none.
  ///
  /// - Throws: `ProgramError` with code `notFound` when there is no such volume.
  public func sessions(_ scope: SurveyScope) throws(ProgramError) -> [String?] {
    let own = volumes.filter { $0.kind == .volume && $0.scope == .volume }.map(\.id)
    switch scope {
    case .everything: return [nil] + own.map { $0 }
    case .volume(let id):
      guard let volume = volumes.first(where: { $0.id == id && $0.kind == .volume }) else {
        throw ProgramError(
          .notFound, "there is no volume '\(id.printable())' in this store",
          hint: notes.first ?? "'vineyardctl ls volumes' lists them")
      }
      return [volume.scope == .cluster ? nil : id]
    }
  }

  /// Does something in each session that a question is about; what cannot be entered is noted, unless it is all there is.
  ///
  /// - Throws: `ProgramError` when no session can be entered.
  public mutating func each<Answer>(
    _ scope: SurveyScope, writes: Bool = false,
    _ ask: (StoreConnection, String?) throws(ProgramError) -> Answer
  ) throws(ProgramError) -> [Answer] {
    let sessions = try sessions(scope)
    var answers: [Answer] = []
    for volume in sessions {
      do throws(ProgramError) {
        answers.append(try ask(try StoreConnection(access, volume: volume, writes: writes), volume))
      } catch {
        if sessions.count == 1 { throw error }
        notes.append("\(volume.map { "volume \($0)" } ?? "what is in no volume") is not shown: \(error.description)")
      }
    }
    return answers
  }

  /// The objects for a question, and whether there are more.
  ///
  /// - Throws: `ProgramError`.
  public mutating func objects(
    _ question: ObjectQuestion
  ) throws(ProgramError) -> (entries: [ObjectEntry], isCut: Bool) {
    let found = try each(question.scope) { (connection, volume) throws(ProgramError) in
      try SessionSurvey(connection, volume: volume, question).entries()
    }
    return (found.flatMap(\.entries), found.contains(where: \.isCut))
  }
}
