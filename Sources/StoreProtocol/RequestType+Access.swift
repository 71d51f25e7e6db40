extension RequestType {
  /// Whether a request changes what a store holds: objects, blobs, names, streams, locks.
  ///
  /// Pulling a chunk of a stream uses it up. Releasing a lock or a blob gives up a claim and changes nothing;
  /// migrating finds the local copy of an object, which with one instance is the object.
  public var writes: Bool {
    switch self {
    case .createBuffer, .createBuffers, .seal, .dropBuffer, .shrinkBuffer, .createRemoteBuffer, .createRemoteBuffers,
      .deleteDataWithFeedbacks, .createGPUBuffer, .createData, .createDatas, .deleteData, .persist, .label, .clear,
      .shallowCopy, .putName, .dropName, .acquireLock, .createStream, .openStream, .getNextStreamChunk,
      .pushNextStreamChunk, .pullNextStreamChunk, .stopStream, .dropStream, .createBufferByPlasma, .plasmaSeal,
      .plasmaRelease, .plasmaDeleteData, .newSession, .deleteSession, .moveBuffersOwnership:
      true
    case .register, .exit, .getBuffers, .getRemoteBuffers, .increaseReferenceCount, .release, .getGPUBuffers, .getData,
      .listData, .exists, .ifPersist, .migrateObject, .memoryTrim, .getName, .listName, .clusterMeta, .instanceStatus,
      .debug,
      .releaseLock, .getBuffersByPlasma, .evict, .load, .unpin, .isSpilled, .isInUse, .releaseBlobsWithRDMA,
      .openVolume, .inspectVolume, .listVolumes, .resizeVolume, .freezeVolume, .deleteVolume, .createSnapshot,
      .deleteSnapshot:
      false
    }
  }

  /// Whether a request is about volumes as such, which is for those who run the store.
  public var isAboutVolumes: Bool {
    switch self {
    case .openVolume, .inspectVolume, .listVolumes, .resizeVolume, .freezeVolume, .deleteVolume, .createSnapshot,
      .deleteSnapshot:
      true
    default: false
    }
  }
}
