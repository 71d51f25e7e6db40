/// Reads volumes, containers and placement of pods, as Kubernetes and Argo write them (PodSpec of core/v1).
struct PodReader {
  /// The volumes of a pod by their names.
  private var volumes: [String: Volume] = [:]
  /// Whether all volumes of the pod are known.
  var isComplete = true

  /// A volume of a pod.
  struct Volume {
    var claim: Int?
    var other = Mount.Other.unknown
    var isReadOnly = false
    let place: Place
  }

  mutating func add(_ name: String, _ volume: Volume) { volumes[name] = volume }

  /// Adds `volumes` of a pod or template.
  ///
  /// - Parameter claim: the claim of a name.
  mutating func add(
    volumes list: Node?, namespace: String?, _ builder: inout ModelBuilder,
    claim: (Entry, inout ModelBuilder) -> Int
  ) {
    guard let list, builder.spend(list.count * 20) else {
      isComplete = isComplete && list == nil
      return
    }
    for node in list.elements {
      guard let name = node["name"]?.text else { continue }
      var volume = Volume(place: node.place)
      if let source = node["persistentVolumeClaim"] {
        guard let named = source["claimName"], let text = named.text else { continue }
        volume.claim = claim(Entry(text: text, place: named.place), &builder)
        volume.isReadOnly = source["readOnly"]?.bool == true
      } else if let template = node["ephemeral", "volumeClaimTemplate"] {
        var made = Claim(title: name, namespace: namespace, maker: .pod, place: node.place)
        ClaimReader.fill(&made, specification: template["spec"], at: template.place)
        volume.claim = builder.add(made)
      } else if let inline = node["csi"] {
        if inline["driver"]?.text == StorageClassDirectory.driver {
          var made = Claim(title: name, namespace: namespace, maker: .inline, place: node.place)
          made.namesDriver = true
          made.size = ClaimReader.field(inline["volumeAttributes", "quota"], missing: inline.place)
          if ["none", "request"].contains(made.size.entry?.text.lowercased()) { made.size = .unknown }
          volume.claim = builder.add(made)
          volume.isReadOnly = inline["readOnly"]?.bool == true
        }
      } else if let kind = Self.plainKinds.first(where: { node[$0] != nil }) {
        volume.other = .plain(kind)
      }
      volumes[name] = volume
    }
  }

  /// Kinds of volumes in which no socket of a store is.
  private static let plainKinds = ["configMap", "secret", "emptyDir", "downwardAPI", "projected"]

  /// Reads a container.
  mutating func container(
    _ node: Node, mounts common: [Node] = [], scope: [String: String] = [:],
    _ builder: inout ModelBuilder
  ) -> Container {
    var container = Container(name: node["name"]?.text ?? "main")
    container.image = node["image"].flatMap { image in
      image.text.map { Entry(text: Placeholders.substitute($0, scope), place: image.place) }
    }
    let own = node["volumeMounts"]
    guard builder.spend(common.count + (own?.count ?? 0)) else { return container }
    for mount in (common + (own?.elements ?? [])).prefix(Container.mountLimit) {
      guard let name = mount["name"]?.text, let path = mount["mountPath"]?.text else { continue }
      guard let volume = volumes[name] else {
        if isComplete, !Placeholders.isOpen(name) {
          builder.report(
            mount.place, "container \(container.name.quoted) mounts \(name.quoted), and its pod has no such volume",
            hint: "add it to the pod's volumes")
        }
        continue
      }
      container.mounts.append(
        Mount(
          claim: volume.claim, other: volume.other, path: Placeholders.substitute(path, scope), place: mount.place,
          source: volume.place, isReadOnly: volume.isReadOnly,
          subPath: (mount["subPath"] ?? mount["subPathExpr"]).flatMap { $0.text?.isEmpty == false ? $0.place : nil }))
    }
    container.use = VineyardUse(Self.words(node, scope, &builder))
    if let privileged = node["securityContext", "privileged"], privileged.bool == true {
      container.privileged = privileged.place
    }
    container.locatePaths()
    return container
  }

  /// The words of `command` and `args`, and the program of a script; none where so much work is not left.
  static func words(_ node: Node, _ scope: [String: String] = [:], _ builder: inout ModelBuilder) -> [Word] {
    let lists = ["command", "args"].compactMap { node[$0] }
    guard builder.spend(lists.reduce(0) { $0 + $1.count }) else { return [] }
    let words = lists.flatMap(\.elements) + [node["source"]].compactMap { $0 }
    guard builder.spend(words.reduce(0) { $0 + ($1.text?.utf8.count ?? 0) }) else { return [] }
    return words.compactMap { word in
      word.text.map {
        Word(text: Placeholders.substitute($0, scope), place: word.place, firstLine: word.firstLine)
      }
    }
  }

  /// The nodes that `nodeSelector` and required node affinity allow.
  static func placement(selector: Node?, affinity: Node?) -> Placement {
    var placement = Placement()
    for (key, node) in selector?.fields ?? [] {
      guard let value = node.text, !Placeholders.isOpen(value) else { continue }
      placement.allowed[key] = [value]
    }
    let terms = affinity?["nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]
    // Of several terms one is enough.
    guard let terms = terms?.elements, terms.count == 1 else { return placement }
    for expression in terms[0]["matchExpressions"]?.elements ?? [] { placement.add(expression) }
    return placement
  }
}

extension Placement {
  /// Adds a requirement of a node selector (NodeSelectorRequirement of core/v1).
  mutating func add(_ expression: Node) {
    guard let key = expression["key"]?.text else { return }
    let values = Set(expression["values"]?.texts ?? [])
    guard !values.contains(where: { Placeholders.isOpen($0) }) else { return }
    switch expression["operator"]?.text {
    case "In": allowed[key] = allowed[key].map { $0.intersection(values) } ?? values
    case "NotIn": excluded[key, default: []].formUnion(values)
    case "Exists": present.insert(key)
    case "DoesNotExist": absent.insert(key)
    default: break
    }
  }
}
