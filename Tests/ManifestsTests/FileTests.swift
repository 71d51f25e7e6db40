import Glibc
import KubernetesObjects
import Support
import Testing

@testable import Manifests

/// The files are manifests that a person can read and apply as they are.
@Suite struct FileTests {
  /// A file of the folder `manifests/`.
  struct File: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String

    var testDescription: String { name }

    var objects: [KubernetesObject] {
      get throws { try Value.documents(yaml: text).map { KubernetesObject($0) } }
    }
  }

  static let files: [File] = {
    let folder = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" } + "/manifests"
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var files: [File] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasSuffix(".yaml"), let text = try? TextFile.read("\(folder)/\(name)") else { continue }
      files.append(File(name: name, text: text))
    }
    return files.sorted { $0.name < $1.name }
  }()

  @Test(arguments: ResourceKind.all)
  func `the definition of a kind is embedded as it stands in the folder`(_ kind: ResourceKind) throws {
    let file = try #require(Self.files.first { $0.name == "crd-\(kind.plural).yaml" })
    #expect(kind.definition.name == file.name)
    #expect(String(decoding: kind.definition.bytes, as: UTF8.self) == file.text)
  }

  @Test(arguments: files)
  func `every document is an object with a name and begins with a comment`(_ file: File) throws {
    #expect(file.text.hasPrefix("#"), "it says what it is")
    for object in try file.objects {
      #expect(!object.apiVersion.isEmpty && !object.kind.isEmpty && !object.name.isEmpty)
    }
  }

  @Test(arguments: files)
  func `the images in the files are those of this version`(_ file: File) throws {
    for object in try file.objects {
      for container in object.tree["spec", "template", "spec", "containers"]?.array ?? [] {
        guard let image = container["image"]?.string, image.hasPrefix("localhost/") else { continue }
        #expect(image == ImageOptions.vineyardctl)
      }
    }
  }

  /// A file says what the default rendering says, but for what only the rendering knows: the version's label, a token,
  /// objects that are there on demand, and kinds besides `Vineyardd`, which stands for all of them in rules and webhooks.
  @Test(arguments: files.filter { $0.name != "vineyardd-spill.yaml" })
  func `the files are the default rendering`(_ file: File) throws {
    let rendered = try Self.rendered()
    for written in try file.objects {
      var object = try #require(rendered.first { $0.reference == written.reference }, "\(written.reference)")
      object.tree["metadata", "labels", "app.kubernetes.io/version"] = nil
      if object.kind == "Secret" { object.tree["data"] = nil }
      object.tree["rules"] = Self.common(object.tree["rules"], written.tree["rules"])
      object.tree["webhooks"] = Self.common(object.tree["webhooks"], written.tree["webhooks"])
      #expect(object.tree == written.tree, "\(written.reference)")
    }
  }

  /// The entries of a rendered list that are written, too, without resources of other kinds.
  private static func common(_ rendered: Value?, _ written: Value?) -> Value? {
    guard let entries = rendered?.array else { return rendered }
    let others = Set(ResourceKind.all.map(\.plural)).subtracting([ResourceKind.vineyardd.plural])
    let known = entries.map { entry in
      var entry = entry
      guard entry["apiGroups"] == [.string(ResourceKind.group)] else { return entry }
      entry["resources"] = .array(
        (entry["resources"]?.array ?? []).filter { resource in
          !others.contains { resource.string == $0 || resource.string?.hasPrefix("\($0)/") == true }
        })
      return entry
    }
    return .array(known.filter { written?.array?.contains($0) == true })
  }

  /// The default rendering of everything.
  private static func rendered() throws -> [KubernetesObject] {
    var rendered = try Manifests.customResourceDefinitions()
    var onOpenShift = OperatorOptions()
    onOpenShift.platform = Platform(isOpenShift: true)
    rendered += try Manifests.operatorObjects(onOpenShift)
    var cluster = VineyarddSpec()
    cluster.metric.enable = true
    rendered += try Manifests.vineyardd(cluster, uid: nil, controlledByOperator: false)
    rendered += try Manifests.csiDriver(Samples.driver(), namespace: "vineyard-system")
    var withSnapshots = Samples.driver()
    withSnapshots.sidecar.enableSnapshots = true
    rendered += try Manifests.csiDriver(withSnapshots, namespace: "vineyard-system")
    rendered.append(try Manifests.namespace("vineyard-system", isOurs: true))
    for kind in ResourceKind.all where kind.type != .vineyardd && kind.type != .csiDriver {
      var resource = Samples.resource(of: kind)
      if kind.isNamespaced { resource.namespace = "vineyard-system" }
      rendered += try kind.render(resource, namespace: "vineyard-system", uid: nil)
    }
    return rendered
  }
}
