import ArgumentParser
import Manifests

/// The flags that describe a CSI driver.
struct CSIDriverArguments: ParsableArguments {
  static let defaultName = CSIDriverSpec().name

  @Option(help: ArgumentHelp("Name of the driver.", valueName: "name"), completion: .drivers)
  var name = Self.defaultName

  @OptionGroup var fields: FieldFlags<CSIDriverSpec>

  /// The driver that the flags describe.
  ///
  /// - Throws: `ProgramError` with code `usage` for flags that cannot be read.
  func spec(_ image: ImageOptions, isVerbose: Bool) throws -> CSIDriverSpec {
    var spec = CSIDriverSpec()
    spec.name = name
    spec.image = image.image
    spec.imagePullPolicy = image.pullPolicy
    spec.imageRegistry = image.registry
    spec.enableVerboseLog = isVerbose
    try fields.apply(to: &spec)
    return spec
  }
}
