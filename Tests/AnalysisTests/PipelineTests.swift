import Analysis
import GoldenRecords
import Support
import Testing

/// Pipelines as people write them; run with `UPDATE_GOLDEN=1` to accept a change.
@Suite struct PipelineTests {
  @Test(arguments: [
    "kubeflow-1-volume-op.yaml", "kubeflow-2-create-pvc.yaml", "argo-claim-template.yaml", "service-and-job.yaml",
    "argo-json.json",
  ])
  func `what is found in a pipeline is as recorded`(_ name: String) throws {
    let text = try TextFile.read("\(Self.folder)/Golden/\(name)")
    let found = Samples.analyzer.analyze([AnalyzedFile(name: name, text: text)]).text()
    let record = "\(name.prefix { $0 != "." }).txt"
    let golden = try GoldenRecord.text(of: record, besides: #filePath, accepting: found)
    #expect(golden == found, "run with UPDATE_GOLDEN=1 to accept")
  }

  @Test(arguments: Samples.examples)
  func `nothing above a note is found in an example`(_ name: String) throws {
    let analysis = Samples.analyze(try Samples.repositoryFile(name))
    #expect(analysis.findings.allSatisfy { $0.severity == .note }, "\(analysis.text())")
  }

  @Test func `nor in all examples together`() throws {
    let files = try Samples.examples.map { AnalyzedFile(name: $0, text: try Samples.repositoryFile($0)) }
    let analysis = Samples.analyzer.analyze(files)
    #expect(analysis.findings.allSatisfy { $0.severity == .note }, "\(analysis.text())")
    // Those of seven pipelines, and four of plain manifests.
    #expect(analysis.claimCount == 10 && analysis.stepCount == 27)
  }

  @Test func `a claim of one file is that of the pods in another, by namespace and name`() {
    let claim = """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: objects, namespace: team}
      spec: {storageClassName: a.b.csi, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
      """
    func pod(_ namespace: String) -> String {
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: step\(namespace)}
      spec:
        containers: [{name: step, volumeMounts: [{name: objects, mountPath: /data, subPath: x}]}]
        volumes: [{name: objects, persistentVolumeClaim: {claimName: objects}}]
      """
    }
    #expect(Samples.analyze(claim, pod(", namespace: team")).findings.map(\.code) == ["VY0113"])
    // Whoever applies it chooses the namespace.
    #expect(Samples.analyze(pod(""), claim).findings.map(\.code) == ["VY0113"])
    #expect(Samples.analyze(claim, pod(", namespace: other")).findings.isEmpty)
  }

  @Test func `a cluster's classes and nodes are counted in`() {
    let pod = """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: objects}
      spec: {storageClassName: CLASS, accessModes: [ReadWriteMany], resources: {requests: {storage: 9Gi}}}
      """
    var analyzer = Analyzer()
    analyzer.facts = KnownCluster(
      classes: [.init(name: "fast", provisioner: "csi.vineyard.v6d.io", isDefault: true)], nodeMemory: 8 << 30)
    func codes(_ name: String) -> [String] {
      analyzer.analyze([AnalyzedFile(name: "a", text: pod.replacing("CLASS", with: name))]).findings.map(\.code)
    }
    #expect(codes("fast") == ["VY0105"])
    #expect(codes("a.b.csi") == ["VY0102", "VY0105"])
    #expect(codes("disk") == [])
    #expect(codes("null") == ["VY0105"], "the default class is of Vineyard")
  }

  @Test func `a class that is named as one of Vineyard is one`() {
    var analyzer = Analyzer()
    analyzer.classes = ["fast"]
    let text = """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: objects}
      spec: {storageClassName: fast, accessModes: [ReadWriteMany], resources: {requests: {storage: lots}}}
      """
    #expect(analyzer.analyze([AnalyzedFile(name: "a", text: text)]).findings.map(\.code) == ["VY0103"])
    #expect(Samples.analyze(text).findings.isEmpty)
  }

  private static let folder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/")
}
