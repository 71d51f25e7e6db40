import CSIProtocol
import Documents
import Logging
import Support
import SwiftProtobuf

/// The volumes in the state file of the original driver.
///
/// They hold nothing: the objects written through them belong to the whole store. The file is read once and left alone.
struct OriginalVolumes: Sendable {
  struct Volume: Equatable, Sendable {
    let id: String
    let name: String
    /// Bytes that were requested.
    let size: Int64
  }

  /// Volumes in the order of their ids.
  let volumes: [Volume]

  static let none = OriginalVolumes(volumes: [])

  func volume(_ id: String) -> Volume? { volumes.first { $0.id == id } }

  /// Reads a file; one that cannot be read is as good as none.
  static func read(_ path: String, log: Logger) -> OriginalVolumes {
    do {
      guard let text = try TextFile.readIfPresent(path), !text.trimmingBlanks().isEmpty else { return .none }
      let volumes = try Self(json: text)
      log.info("\(path): \(volumes.volumes.count) volumes of the original driver")
      return volumes
    } catch {
      log.warning("the state of the original driver is left alone: \(path): \(error)")
      return .none
    }
  }
}

extension OriginalVolumes {
  /// - Throws: `ProgramError` or `DocumentError` for what the original didn't write.
  init(json text: String) throws {
    guard let entries = try Value(json: text).array else { throw ProgramError(.failed, "it is no list of volumes") }
    volumes = try entries.map { entry in
      guard let id = entry["VolID"]?.string, !id.isEmpty, let name = entry["VolName"]?.string else {
        throw ProgramError(.failed, "a volume has no VolID or no VolName")
      }
      return Volume(id: id, name: name, size: Int64(max(0, entry["VolSize"]?.int ?? 0)))
    }.sorted { $0.id < $1.id }
  }
}

extension OriginalVolumes.Volume {
  var answer: Csi_V1_Volume {
    .with {
      $0.volumeID = id
      $0.capacityBytes = size
    }
  }

  var condition: Csi_V1_VolumeCondition {
    .with { $0.message = "made by the original driver; its objects belong to the whole cluster" }
  }
}
