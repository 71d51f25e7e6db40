/// Writes metrics in the text format of Prometheus (exposition format 0.0.4).
public struct MetricsPage: Sendable {
  public private(set) var text = ""

  /// An empty page.
  public init() {}

  /// Starts a family of samples; `type` is gauge, counter or histogram.
  public mutating func family(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  /// One sample; `labels` is empty or like `kind="ipc"`.
  public mutating func sample(_ name: String, labels: String = "", _ value: String) {
    text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
  }

  /// A family of one sample.
  public mutating func single(_ name: String, _ type: String, _ help: String, _ value: UInt64) {
    family(name, type, help)
    sample(name, "\(value)")
  }

  /// Nanoseconds as seconds.
  public static func seconds(_ nanoseconds: UInt64) -> String {
    let fraction = String(nanoseconds % 1_000_000_000)
    return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
  }
}
