import KubernetesClient
import KubernetesObjects
import Testing

@testable import Operator

@Suite struct ObjectCacheTests {
  @Test func `a list tells what is gone and what is new`() {
    var cache = ObjectCache()
    _ = cache.take(.replaced([Samples.object("Deployment", "a"), Samples.object("Deployment", "b")]))
    let changes = cache.take(.replaced([Samples.object("Deployment", "b"), Samples.object("Deployment", "c")]))
    #expect(changes.map { $0.old?.name } == ["a", nil])
    #expect(changes.map { $0.new?.name } == [nil, "c"])
  }

  @Test func `the same version again is no change`() {
    var cache = ObjectCache()
    #expect(cache.take(.added(Samples.object())).count == 1)
    #expect(cache.take(.modified(Samples.object())).isEmpty)
    #expect(cache.take(.modified(Samples.object(version: 2))).count == 1)
  }

  @Test func `what was learned from a write is not undone by older news`() {
    var cache = ObjectCache()
    _ = cache.take(.added(Samples.object(version: 5)))
    cache.observeWrite(Samples.object(version: 10))
    #expect(cache.take(.modified(Samples.object(version: 9))).isEmpty)
    #expect(cache.take(.deleted(Samples.object(version: 9))).isEmpty)
    #expect(cache.objects.values.first?.resourceVersion == "10")
    #expect(cache.take(.deleted(Samples.object(version: 11))).count == 1)
  }

  @Test func `what was learned from a write is news once, for those who did not write it`() {
    var cache = ObjectCache()
    cache.observeWrite(Samples.object(version: 2))
    #expect(cache.take(.modified(Samples.object(version: 2))).count == 1)
    #expect(cache.take(.modified(Samples.object(version: 2))).isEmpty)
    cache.observeWrite(Samples.object(version: 3))
    #expect(cache.take(.modified(Samples.object(version: 4))).count == 1)
    #expect(cache.take(.modified(Samples.object(version: 4))).isEmpty)
  }

  @Test func `the answer to a write that comes after the object's end is not believed`() {
    var cache = ObjectCache()
    _ = cache.take(.added(Samples.object(version: 5)))
    _ = cache.take(.deleted(Samples.object(version: 6)))
    cache.observeWrite(Samples.object(version: 5))
    #expect(cache.objects.isEmpty)
    _ = cache.take(.added(Samples.object(version: 7, uid: "another")))
    cache.observeWrite(Samples.object(version: 5))
    #expect(cache.objects.values.first?.uid == "another")
    cache.observeWrite(Samples.object(version: 8, uid: "third"))
    #expect(cache.objects.values.first?.uid == "third")
  }

  @Test func `another object of the same name is a change whatever its version`() {
    var cache = ObjectCache()
    _ = cache.take(.added(Samples.object(version: 5)))
    #expect(cache.take(.added(Samples.object(version: 4, uid: "other"))).count == 1)
  }

  @Test func `objects are found by their owner, also after it changed`() {
    var cache = ObjectCache()
    _ = cache.take(.added(Samples.object("Deployment", "a", owner: "x")))
    _ = cache.take(.added(Samples.object("Deployment", "b", owner: "x")))
    #expect(cache.objects(ownedBy: "x").map(\.name) == ["a", "b"])
    _ = cache.take(.modified(Samples.object("Deployment", "a", version: 2, owner: "y")))
    _ = cache.take(.deleted(Samples.object("Deployment", "b", version: 2, owner: "x")))
    #expect(cache.objects(ownedBy: "x").isEmpty)
    #expect(cache.objects(ownedBy: "y").map(\.name) == ["a"])
  }

  @Test func `who manages which field is not kept`() {
    var cache = ObjectCache()
    var object = Samples.object()
    object.tree["metadata", "managedFields"] = [["manager": "me"]]
    _ = cache.take(.added(object))
    #expect(cache.objects.values.first?.tree["metadata", "managedFields"] == nil)
  }

  @Test func `an object concerns the cluster that owns it`() {
    #expect(VineyarddReconciler.cluster(of: Samples.object(owner: "x")) == ObjectKey(namespace: "n", name: "of-x"))
    #expect(VineyarddReconciler.cluster(of: Samples.object()) == nil)
  }

  @Test func `a spill volume concerns the cluster on its label, whose name may have dots`() {
    var volume = KubernetesObject(["apiVersion": "v1", "kind": "PersistentVolume", "metadata": ["name": "v"]])
    volume.setLabel("app.vineyard.io/cluster", "data.my.cluster")
    #expect(VineyarddReconciler.cluster(of: volume) == ObjectKey(namespace: "data", name: "my.cluster"))
  }
}
