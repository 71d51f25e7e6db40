import KubernetesObjects

/// Preferences of a pod for the nodes that hold the bytes of its volumes.
enum PlacementHints {
  /// Bytes below which it does not matter where a pod runs: to fetch them takes no time.
  static let leastBytes: UInt64 = 1 << 20
  /// Share of a node, in percent, below which it is not named.
  static let leastShare: UInt64 = 10

  /// The terms of a preferred node affinity, the node with most bytes first. Their weights are shares in percent.
  ///
  /// - Parameter bytes: by the name of the node.
  static func terms(_ bytes: [String: UInt64]) -> [Value] {
    let total = bytes.values.reduce(UInt64(0)) { $0.addingReportingOverflow($1).partialValue }
    guard total >= leastBytes else { return [] }
    let shares = bytes.mapValues { UInt64((Double($0) / Double(total) * 100).rounded()) }
    return shares.filter { $0.value >= leastShare }
      .sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
      .map { node, share in
        [
          "weight": Value(Int(min(share, 100))),
          "preference": [
            "matchExpressions": [
              [
                "key": .string(VolumeTopology.nodeKey), "operator": "In",
                "values": [.string(VolumeTopology.nodeValue(node))],
              ]
            ]
          ],
        ]
      }
  }

  /// Operations of a JSON patch (RFC 6902) that add terms to a pod; everything that is there stays.
  ///
  /// A pod that has a node, or says itself which nodes with volumes it prefers, gets none.
  static func patch(_ pod: KubernetesObject, _ terms: [Value]) -> [Value] {
    let list = "preferredDuringSchedulingIgnoredDuringExecution"
    guard !terms.isEmpty, Pod(pod).node == nil else { return [] }
    let affinity = pod.tree["spec", "affinity"]
    guard let affinity, !affinity.isNull else {
      return [add(["nodeAffinity": [list: .array(terms)]], at: "/spec/affinity")]
    }
    guard let ofNode = affinity["nodeAffinity"], !ofNode.isNull else {
      return [add([list: .array(terms)], at: "/spec/affinity/nodeAffinity")]
    }
    let path = "/spec/affinity/nodeAffinity/\(list)"
    guard let present = ofNode[list]?.array else { return [add(.array(terms), at: path)] }
    return present.contains(where: namesOurKey) ? [] : terms.map { add($0, at: "\(path)/-") }
  }

  private static func namesOurKey(_ term: Value) -> Bool {
    (term["preference", "matchExpressions"]?.array ?? []).contains { $0["key"]?.string == VolumeTopology.nodeKey }
  }

  private static func add(_ value: Value, at path: String) -> Value {
    ["op": "add", "path": .string(path), "value": value]
  }
}
