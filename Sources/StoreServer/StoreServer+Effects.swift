import MetadataBackend
import StoreCore

/// Effects of the store outside of it; this is the one place that carries them out.
extension StoreServer {
  /// Does what the store asks for, in the order in which it came up.
  func deliverEffects() {
    while let effect = store.nextEffect() {
      switch effect {
      case .retry(let key): wake(key)
      case .save(let volume): volumes.saveFirstWrite(to: volume)
      case .noteNames: saveLossRecord(hasNames: true)
      case .write(let set): backend.write(set)
      }
    }
  }
}
