import EtcdClient
import JSON
import StoreCore
import StoreProtocol

@testable import EtcdMetadata

/// What holds at any time, and what holds in the end.
extension ClusterSimulation {
  /// Wherever an object can be read it is what was made.
  func checkContents() throws(ClusterFailure) {
    for store in stores {
      let problems = store.store.inconsistencies()
      try check(problems.isEmpty, "\(store.instance): \(problems.joined(separator: "; "))")
      for (id, text) in store.objects {
        guard let value = values[id] else { throw failure("\(id) on \(store.instance) was made by nobody") }
        try check(
          text.contains("\"value\":\(value),") || text.contains("\"value\":\(value)}"),
          "\(id) is \(text.prefix(300)) on \(store.instance)")
      }
    }
  }

  /// Ends all disturbances and lets everything arrive that is on its way; nobody may wait any more then.
  func settle() async throws(ClusterFailure) {
    begin("settle")
    for store in stores { store.isCut = false }
    var rounds = 0
    var isQuiet = false
    while !isQuiet {
      rounds += 1
      try check(rounds <= Self.rounds, "there is no end to it")
      let before = etcd.revision
      isQuiet = true
      for store in stores {
        store.store.now = now
        try await turn(store)
        if try write(store) { isQuiet = false }
        while store.follower.step(etcd, layout, store.backend, atMost: .max) { isQuiet = false }
        if store.question != nil { isQuiet = false }
        store.answer(etcd)
        try await turn(store)
      }
      if etcd.revision != before { isQuiet = false }
    }
    for store in stores {
      try check(
        store.held.isEmpty, "\(store.held.values.flatMap { $0 }.map(\.request)) wait for ever on \(store.instance)")
      try check(
        store.asked.isEmpty, "\(store.asked.values.flatMap { $0 }.map(\.request)) wait for ever on \(store.instance)")
    }
  }

  /// - Returns: whether there was something to write.
  private func write(_ store: SimulatedStore) throws(ClusterFailure) -> Bool {
    var count = 0
    while store.writer.message != nil || store.writer.begin(store.queues) {
      if case .request? = store.writer.message { store.writer.arrive(at: &etcd) }
      if case .answer(let reply)? = store.writer.message { store.writer.finish(reply, store.queues) }
      try observe()
      count += 1
      try check(count < 1000, "there is no end to what \(store.instance) writes")
    }
    return count > 0
  }

  /// In the end all stores have what etcd has, and etcd has nothing that belongs to nobody.
  func checkAgreement() throws(ClusterFailure) {
    begin("compare")
    try checkContents()
    var (objects, names, labels): ([ObjectID: String], [String: ObjectID], [ObjectID: String]) = ([:], [:], [:])
    var fields: [ObjectID: [String: [UInt8]]] = [:]
    for pair in etcd.read(.prefix(layout.everything)) {
      switch layout.parse(pair.key)?.key {
      case .object(let id)?: objects[id] = String(decoding: pair.value, as: UTF8.self)
      case .field(let id, let field)?: fields[id, default: [:]][field] = pair.value
      case .name(let name)?: names[name] = JSONText.number(pair.value).map { ObjectID($0) }
      default: break
      }
    }
    let whole = Set(objects.keys).union(fields.filter { $0.value["typename"] != nil }.keys)
    // A label or name that meets a deletion from elsewhere leaves its key, which leads nowhere.
    names = names.filter { whole.contains($0.value) }
    for (id, own) in fields where whole.contains(id) {
      labels[id] = own["__labels"].map { String(decoding: $0, as: UTF8.self) }
    }
    for (name, id) in names {
      try check(!history.isRefused(name, id), "'\(name)' leads to \(id), which was refused")
    }
    for store in stores {
      let own = store.objects
      try check(
        Set(own.keys) == whole,
        "\(store.instance) lacks \(whole.subtracting(own.keys).sorted()) and has \(Set(own.keys).subtracting(whole).sorted()) too many"
      )
      for (id, text) in objects {
        try check(
          own[id].map { self.fields($0) } == self.fields(text),
          "\(id) is \(own[id]?.prefix(300) ?? "") on \(store.instance), \(text.prefix(300)) in etcd")
      }
      try check(store.names == names, "names of \(store.instance) are \(store.names), \(names) in etcd")
      for id in whole {
        let own = store.store.storedLabels(of: id, in: store.root).map { String(decoding: $0, as: UTF8.self) }
        try check(
          own == labels[id],
          "labels of \(id) are \(own ?? "none") on \(store.instance), \(labels[id] ?? "none") in etcd")
      }
    }
  }

  /// The fields of an object but for its name, which is a key of its own.
  private func fields(_ text: String) -> [String: [UInt8]] {
    let fields = ObjectFields.list(Array(text.utf8)).map { ($0.name, $0.value) }
    return Dictionary(fields) { $1 }.filter { $0.key != "__name" }.mapValues { value in
      // A member is told by its signature; its type is not known where it is not there any more.
      value.starts(with: Array("\"ls".utf8)) || value.starts(with: Array("\"lo".utf8)) ? Array(value.prefix(19)) : value
    }
  }
}
