import CLinux
import MetadataBackend
import StoreCore
import Support

/// Joining other stores, before clients are served.
extension StoreServer {
  /// Begins to join, with this store's record.
  func join(_ sharing: MetadataSharing, as record: InstanceRecord, rpc: Listener?) {
    joining = ProgramError(.notReady, "the store has not joined the others yet")
    joiningListener = rpc
    let mailbox = mailbox
    sharing(record) { progress in mailbox.post { $0.take(progress, record) } }
  }

  private func take(_ progress: SharingProgress, _ record: InstanceRecord) {
    guard joining != nil, !isStopping else { return }
    switch progress {
    case .waiting(let reason): joining = reason
    case .failed(let error): endStart(error)
    case .joined(let makeBackend):
      let mailbox = mailbox
      backend = makeBackend(store) { mailbox.post { $0.takeMetadata() } }
      // What was read at once takes as much again as the store makes of it.
      clinux_trim_heap()
      store.keepsChanges = !backend.isImmediate
      store.hasPeers = !backend.isImmediate
      if !backend.isImmediate { handler.ask = { [unowned self] in ask($0) } }
      store.setInstance(store.instances.local, record)
      do throws(ProgramError) {
        try listen(rpc: joiningListener)
        joining = nil
      } catch {
        endStart(error)
      }
      joiningListener = nil
    }
  }

  private func endStart(_ error: ProgramError) {
    startFailure = error
    beginStop("the store cannot start")
  }
}
