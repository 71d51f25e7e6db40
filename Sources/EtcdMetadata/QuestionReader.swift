import EtcdClient

/// A question for etcd: keys that may be there.
struct KeyQuestion: Sendable {
  let number: UInt64
  /// For each place its keys.
  let keys: [[[UInt8]]]
}

/// What etcd says.
struct KeyAnswer: Sendable {
  let number: UInt64
  /// For each place when one of its keys was last changed, nil where there is none; nil when etcd did not answer.
  let changed: [Int64?]?
  /// The revision at which they were read.
  let revision: Int64
}

/// Asks etcd for places, one question after the other. Reads of etcd are linearizable.
struct QuestionReader {
  /// How long etcd may take.
  static let patience: Duration = .seconds(1)

  let client: EtcdClient
  let queues: BackendQueues

  func run() async {
    for await question in queues.questions { queues.report(await answer(question)) }
  }

  private func answer(_ question: KeyQuestion) async -> KeyAnswer {
    let keys = question.keys.flatMap { $0 }
    var changed: [Int64?] = []
    var revision: Int64 = .max
    do throws(EtcdError) {
      for start in stride(from: 0, to: keys.count, by: TransactionRoom.operations) {
        let part = keys[start..<min(start + TransactionRoom.operations, keys.count)]
        let reading = Transaction(then: part.map { .range(.key($0), keysOnly: true) })
        let result = try await client.transaction(reading, within: Self.patience)
        revision = min(revision, result.revision)
        for outcome in result.outcomes {
          guard case .range(let found) = outcome else { continue }
          changed.append(found.pairs.first?.modRevision)
        }
      }
    } catch {
      return KeyAnswer(number: question.number, changed: nil, revision: 0)
    }
    var next = 0
    let places = question.keys.map { keys -> Int64? in
      defer { next += keys.count }
      return changed[next..<(next + keys.count)].compactMap { $0 }.max()
    }
    return KeyAnswer(number: question.number, changed: places, revision: revision)
  }
}
