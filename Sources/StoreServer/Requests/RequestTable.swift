import StoreCore
import StoreProtocol

extension RequestDescriptor {
  /// The table of requests: access, what it takes of the heap, what is logged, and the handler that answers it.
  ///
  /// In a row, `h` is the handler and `c` the client's connection.
  static func of(_ type: RequestType) -> RequestDescriptor {
    switch type {
    case .register: .init(.anyone) { h, c throws(StoreError) in try h.register(c) }
    case .exit: .init(.anyone) { _, _ in .close }

    case .createBuffer: .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createBuffer(c) }
    case .createBuffers:
      .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createBuffers(c) }
    case .seal: .init(.write) { h, c throws(StoreError) in try h.seal(c.client) }
    case .getBuffers: .init(.read, heap: .grants) { h, c throws(StoreError) in try h.getBuffers(c) }
    case .dropBuffer: .init(.write) { h, c throws(StoreError) in try h.dropBuffer(c.client) }
    case .shrinkBuffer: .init(.write) { h, c throws(StoreError) in try h.shrinkBuffer(c.client) }
    case .createRemoteBuffer:
      .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createRemoteBuffer(c) }
    case .createRemoteBuffers:
      .init(.write, heap: .entries, log: .memory) { h, c throws(StoreError) in try h.createRemoteBuffers(c) }
    case .getRemoteBuffers: .init(.read, heap: .grants) { h, c throws(StoreError) in try h.getRemoteBuffers(c) }
    case .increaseReferenceCount:
      .init(.read, heap: .grants) { h, c throws(StoreError) in try h.increaseReferenceCount(c.client) }
    case .release: .init(.read) { h, c throws(StoreError) in try h.release(c.client) }
    case .createGPUBuffer: .init(.write) { h, _ throws(StoreError) in try h.refuseGPU() }
    case .getGPUBuffers: .init(.read) { h, _ throws(StoreError) in try h.refuseGPU() }
    case .evict: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.evict(c.client) }
    case .load: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.load(c.client) }
    case .unpin: .init(.read, heap: .ids) { h, c throws(StoreError) in try h.unpin(c.client) }
    case .isSpilled: .init(.read) { h, c throws(StoreError) in try h.isSpilled(c.client) }
    case .isInUse: .init(.read) { h, c throws(StoreError) in try h.isInUse(c.client) }
    case .releaseBlobsWithRDMA: .init(.read) { h, _ in h.releaseBlobsWithRDMA() }

    case .createData:
      .init(.write, heap: .documents, log: .data("create")) { h, c throws(StoreError) in try h.createData(c.client) }
    case .createDatas:
      .init(.write, heap: .documents, log: .data("create")) { h, c throws(StoreError) in try h.createDatas(c.client) }
    case .getData: .init(.read, heap: .ids, log: .data("get")) { h, c throws(StoreError) in try h.getData(c.client) }
    case .listData: .init(.read, heap: .listing(.objects)) { h, c throws(StoreError) in try h.listData(c.client) }
    case .deleteData:
      .init(.write, heap: .ids, log: .dataAndMemory("delete")) { h, c throws(StoreError) in
        try h.deleteData(c, reports: false)
      }
    case .deleteDataWithFeedbacks:
      .init(.write, heap: .ids, log: .dataAndMemory("delete")) { h, c throws(StoreError) in
        try h.deleteData(c, reports: true)
      }
    case .exists: .init(.read) { h, c throws(StoreError) in try h.exists(c.client) }
    case .persist: .init(.write) { h, c throws(StoreError) in try h.persist(c.client) }
    case .ifPersist: .init(.read) { h, c throws(StoreError) in try h.ifPersist(c.client) }
    case .label: .init(.write, heap: .documents) { h, c throws(StoreError) in try h.label(c.client) }
    case .clear: .init(.write) { h, c throws(StoreError) in try h.clear(c.client) }
    case .memoryTrim: .init(.read) { h, c throws(StoreError) in try h.memoryTrim(c.client) }
    case .shallowCopy: .init(.write, heap: .documents) { h, c throws(StoreError) in try h.shallowCopy(c.client) }
    case .migrateObject: .init(.read) { h, c throws(StoreError) in try h.migrateObject(c.client) }

    case .putName: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.putName(c.client) }
    case .getName: .init(.read) { h, c throws(StoreError) in try h.getName(c.client) }
    case .listName: .init(.read, heap: .listing(.names)) { h, c throws(StoreError) in try h.listName(c.client) }
    case .dropName: .init(.write) { h, c throws(StoreError) in try h.dropName(c.client) }

    case .clusterMeta: .init(.read) { h, c in h.clusterMeta(c.client) }
    case .instanceStatus: .init(.read) { h, c in h.instanceStatus(c.client) }
    case .debug: .init(.read) { h, _ in h.debug() }
    case .acquireLock: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.acquireLock(c.client) }
    case .releaseLock: .init(.read) { h, c throws(StoreError) in try h.releaseLock(c.client) }

    case .createStream: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.createStream(c.client) }
    case .openStream: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.openStream(c.client) }
    case .getNextStreamChunk: .init(.write, heap: .entries) { h, c throws(StoreError) in try h.getNextStreamChunk(c) }
    case .pushNextStreamChunk:
      .init(.write, heap: .entries) { h, c throws(StoreError) in try h.pushNextStreamChunk(c.client) }
    case .pullNextStreamChunk: .init(.write) { h, c throws(StoreError) in try h.pullNextStreamChunk(c.client) }
    case .stopStream: .init(.write) { h, c throws(StoreError) in try h.stopStream(c.client) }
    case .dropStream: .init(.write) { h, c throws(StoreError) in try h.dropStream(c.client) }

    case .createBufferByPlasma:
      .init(.write, heap: .entries) { h, c throws(StoreError) in try h.createBufferByPlasma(c) }
    case .getBuffersByPlasma: .init(.read, heap: .grants) { h, c throws(StoreError) in try h.getBuffersByPlasma(c) }
    case .plasmaSeal: .init(.write) { h, c throws(StoreError) in try h.plasmaSeal(c.client) }
    case .plasmaRelease: .init(.write) { h, c throws(StoreError) in try h.plasmaRelease(c.client) }
    case .plasmaDeleteData: .init(.write) { h, c throws(StoreError) in try h.plasmaDeleteData(c.client) }

    case .newSession:
      .init(.session("has no sessions besides its own"), heap: .entries) { h, c throws(StoreError) in
        try h.newSession(c)
      }
    case .deleteSession:
      .init(.session("is not deleted by its clients: delete the claim it belongs to")) { h, c throws(StoreError) in
        try h.deleteSession(c)
      }
    case .moveBuffersOwnership:
      .init(.write, heap: .entries) { h, c throws(StoreError) in try h.moveBuffersOwnership(c.client) }

    case .openVolume: .init(.volumes, heap: .documents) { h, c throws(StoreError) in try h.openVolume(c) }
    case .inspectVolume: .init(.volumes) { h, c throws(StoreError) in try h.inspectVolume(c) }
    case .listVolumes: .init(.volumes) { h, c throws(StoreError) in try h.listVolumes(c) }
    case .resizeVolume: .init(.volumes) { h, c throws(StoreError) in try h.resizeVolume(c) }
    case .freezeVolume: .init(.volumes) { h, c throws(StoreError) in try h.freezeVolume(c) }
    case .deleteVolume: .init(.volumes) { h, c throws(StoreError) in try h.deleteVolume(c) }
    case .createSnapshot: .init(.volumes, heap: .entries) { h, c throws(StoreError) in try h.createSnapshot(c) }
    case .deleteSnapshot: .init(.volumes) { h, c throws(StoreError) in try h.deleteSnapshot(c) }
    }
  }
}
