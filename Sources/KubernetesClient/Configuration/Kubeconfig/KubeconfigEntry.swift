import Documents
import Support

/// One named cluster, user or context of a kubeconfig file; reads its fields by type.
struct KubeconfigEntry {
  /// The type of the entry, for messages: `cluster`, `user`, `context`.
  let kind: String
  let name: String
  let fields: Value
  /// The file that defines it.
  let file: String

  /// The place of a mistake, for messages.
  var place: String { "\(kind) '\(name)' in \(file)" }

  /// A text; nil when it is missing or empty.
  ///
  /// - Throws: `ProgramError` when it is something else, for instance a token of digits without quotes.
  func text(_ key: String) throws(ProgramError) -> String? {
    guard let value = fields[key], !value.isNull else { return nil }
    guard let text = value.string else { throw invalid(key, "it is not a text", hint: "put it in quotes") }
    return text.isEmpty ? nil : text
  }

  /// A list of texts, empty when it is missing.
  func texts(_ key: String) throws(ProgramError) -> [String] {
    guard let value = fields[key], !value.isNull else { return [] }
    let texts = value.array?.compactMap(\.string)
    guard let texts, texts.count == value.array?.count else { throw invalid(key, "it is not a list of texts") }
    return texts
  }

  /// A boolean, false when it is missing.
  func boolean(_ key: String) throws(ProgramError) -> Bool {
    guard let value = fields[key], !value.isNull else { return false }
    guard let boolean = value.bool else { throw invalid(key, "it is not true or false") }
    return boolean
  }

  /// The path of a file; a relative one begins at the directory of the kubeconfig.
  func path(_ key: String) throws(ProgramError) -> String? {
    guard let path = try text(key) else { return nil }
    return resolved(path)
  }

  /// A path seen from the directory of the kubeconfig.
  func resolved(_ path: String) -> String {
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
  }

  /// Certificates or a key: `<key>-data`, else the file of `<key>`.
  ///
  /// - Throws: `ProgramError` when the data is no base64 or no PEM, or the file cannot be read.
  func pem(_ key: String, _ sources: ConfigurationSources) throws(ProgramError) -> PEM? {
    if let text = try text("\(key)-data") {
      guard let data = Base64.decode(text) else { throw invalid("\(key)-data", "it is not base64") }
      guard let pem = PEMText.normalized(data) else { throw invalid("\(key)-data", "it holds no PEM") }
      return .data(pem)
    }
    guard let path = try path(key) else { return nil }
    guard let bytes = try sources.readBytes(path) else { throw invalid(key, "there is no file \(path)") }
    guard let pem = PEMText.normalized(bytes) else { throw invalid(key, "\(path) holds no PEM") }
    // What OpenSSL cannot read by itself is handed over as it is now.
    return pem == bytes ? .file(path) : .data(pem)
  }

  /// The error for a field that cannot be used.
  func invalid(_ key: String, _ cause: String, hint: String? = nil) -> ProgramError {
    ProgramError(.failed, "invalid \(key) of \(place)", cause: cause, hint: hint)
  }
}
