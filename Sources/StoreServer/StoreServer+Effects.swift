import MetadataBackend
import StoreCore

/// What the store wants done outside of it; the one place that hears of it.
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
