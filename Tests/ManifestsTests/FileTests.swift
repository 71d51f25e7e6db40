import Glibc
import KubernetesObjects
import ManifestFiles
import Manifests
import Support
import Testing

/// The files are manifests that a person can read and apply as they are.
@Suite struct FileTests {
  private static let folder: String = {
    let file = #filePath
    return file.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" } + "/manifests"
  }()

  @Test func `every file is embedded as it stands in the folder`() throws {
    let directory = try #require(opendir(Self.folder))
    defer { closedir(directory) }
    var names: Set<String> = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".yaml") { names.insert(name) }
    }
    #expect(names == Set(ManifestFile.all.map(\.name)))
    for file in ManifestFile.all {
      #expect(try TextFile.read("\(Self.folder)/\(file.name)") == String(decoding: file.bytes, as: UTF8.self))
    }
  }

  @Test func `every document is an object with a name and begins with a comment`() throws {
    for file in ManifestFile.all {
      #expect(file.bytes.first == UInt8(ascii: "#"), "\(file.name) says what it is")
      for tree in try Value.documents(yaml: file.bytes) {
        let object = KubernetesObject(tree)
        #expect(!object.apiVersion.isEmpty && !object.kind.isEmpty && !object.name.isEmpty, "\(file.name)")
      }
    }
  }

  @Test func `the images in the files are those of this version`() throws {
    for file in ManifestFile.all {
      for tree in try Value.documents(yaml: file.bytes) {
        for container in tree["spec", "template", "spec", "containers"]?.array ?? [] {
          guard let image = container["image"]?.string, image.hasPrefix("localhost/") else { continue }
          #expect(image == ImageOptions.vineyardctl, "\(file.name)")
        }
      }
    }
  }

  /// A file says what the default rendering says, but for what only the rendering knows: the version's label, a token,
  /// and objects that are there on demand.
  @Test func `the files are the default rendering`() throws {
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
    for file in ManifestFile.all where file.name != "vineyardd-spill.yaml" {
      for tree in try Value.documents(yaml: file.bytes) {
        let written = KubernetesObject(tree)
        var object = try #require(rendered.first { $0.reference == written.reference }, "\(written.reference)")
        object.tree["metadata", "labels", "app.kubernetes.io/version"] = nil
        if object.kind == "Secret" { object.tree["data"] = nil }
        #expect(object.tree == written.tree, "\(file.name): \(written.reference)")
      }
    }
  }
}
