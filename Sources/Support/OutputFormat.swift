/// How a command prints its data.
public enum OutputFormat: String, Sendable, CaseIterable {
  case text, json, yaml
}
