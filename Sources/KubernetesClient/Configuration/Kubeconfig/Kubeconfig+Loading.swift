import Support

extension Kubeconfig {
  /// Reads `--kubeconfig`, else the files of `KUBECONFIG`, else `~/.kube/config`.
  ///
  /// Files missing from the list of the variable are skipped.
  ///
  /// - Parameter path: the one file named on the command line.
  /// - Returns: nil when there is no file at all.
  /// - Throws: `CommandError` when the named file is missing or a file is broken.
  static func load(_ path: String?, _ sources: ConfigurationSources) throws(CommandError) -> Kubeconfig? {
    if let path {
      guard let text = try sources.readFile(path) else {
        throw CommandError(
          .failed, "cannot open kubeconfig \(path)", cause: "no such file", hint: "--kubeconfig names the file to read")
      }
      return try Kubeconfig(text: text, file: path)
    }
    var merged: Kubeconfig?
    for file in candidates(sources) {
      guard let text = try sources.readFile(file) else { continue }
      let kubeconfig = try Kubeconfig(text: text, file: file)
      merged = merged ?? Kubeconfig()
      merged?.merge(kubeconfig)
    }
    return merged
  }

  /// The files to look for without `--kubeconfig`.
  static func candidates(_ sources: ConfigurationSources) -> [String] {
    if let list = sources.nonEmpty("KUBECONFIG") {
      var seen: Set<String> = []
      return list.split(separator: ":").map(String.init).filter { seen.insert($0).inserted }
    }
    return sources.nonEmpty("HOME").map { ["\($0)/.kube/config"] } ?? []
  }
}
