import KubernetesClient
import KubernetesObjects
import Synchronization
import Testing

@testable import Deployer

/// A rollout that goes well makes no warnings; what stays wrong is told once.
@Suite struct PodWatchTests {
  private final class Paper: Sendable {
    private let written = Mutex("")
    var text: String { written.withLock { $0 } }
    var watch: PodWatch {
      let progress = ProgressReporter { text in self.written.withLock { $0 += text } }
      return PodWatch(board: ProgressBoard(progress: progress))
    }
  }

  private func unplaced(_ name: String) throws -> KubernetesObject {
    try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), uid: \(name)}
        status: {conditions: [{type: PodScheduled, status: 'False', message: didn't match pod anti-affinity rules}]}
        """)
  }

  private func ending(_ name: String) throws -> KubernetesObject {
    try KubernetesObject(
      yaml:
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), uid: \(name), deletionTimestamp: '2026-01-01T00:00:00Z'}
        status: {containerStatuses: [{name: c, state: {terminated: {exitCode: 137}}}]}
        """)
  }

  private func rounds(_ watch: PodWatch, _ count: Int) { for _ in 0..<count { watch.tellOfUnplacedPodsOnce() } }

  @Test func `a pod that waits for the place of an old one is no trouble, however long that takes to end`() throws {
    let paper = Paper()
    let watch = paper.watch
    watch.take(.replaced([try ending("old"), try unplaced("new")]))
    rounds(watch, 100)
    #expect(paper.text.isEmpty)
    // The scheduler gets a moment to notice.
    watch.take(.deleted(try ending("old")))
    rounds(watch, 2)
    watch.take(.modified(try KubernetesObject(yaml: "{apiVersion: v1, kind: Pod, metadata: {name: new, uid: new}}")))
    rounds(watch, 100)
    #expect(paper.text.isEmpty)
  }

  @Test func `one that finds no place is told once`() throws {
    let paper = Paper()
    let watch = paper.watch
    watch.take(.added(try unplaced("new")))
    #expect(paper.text.isEmpty)
    rounds(watch, 100)
    watch.take(.modified(try unplaced("new")))
    rounds(watch, 100)
    #expect(paper.text == "⚠ new: not scheduled: didn't match pod anti-affinity rules\n")
  }

  @Test func `a container that fails is told at once`() throws {
    let paper = Paper()
    paper.watch.take(
      .added(
        try KubernetesObject(
          yaml:
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: p, uid: p}
            status: {containerStatuses: [{name: c, state: {waiting: {reason: ErrImagePull}}}]}
            """)))
    #expect(paper.text == "⚠ p: container c: ErrImagePull\n")
  }
}
