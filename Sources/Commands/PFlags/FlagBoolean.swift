extension Bool {
  /// The words that gflags and pflag take for a truth value, in any case; nil for another word.
  init?(flagValue text: String) {
    switch text.lowercased() {
    case "1", "t", "true", "y", "yes": self = true
    case "0", "f", "false", "n", "no": self = false
    default: return nil
    }
  }
}
