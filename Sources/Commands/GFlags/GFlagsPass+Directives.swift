import Support

extension GFlagsPass {
  /// Does what a directive says: reads more flags, tolerates some, or asks for the help.
  mutating func follow(
    _ directive: FlagToken.Directive, _ token: FlagToken, rest: inout ArraySlice<String>
  ) throws {
    switch directive {
    case .flagfile:
      for path in try list(token, &rest) { try readFlagFile(path) }
    case .fromenv, .tryfromenv:
      for name in try list(token, &rest) { try readVariable(name, required: directive == .fromenv) }
    case .undefok:
      tolerated.formUnion(try list(token, &rest).map { String($0.map { $0 == "-" ? "_" : $0 }) })
    case .help, .helpfull, .helpshort, .helppackage, .helpxml, .helpon, .helpmatch, .h:
      verbatim = ["--help"]
    case .version:
      verbatim = ["--version"]
    case .generateCompletionScript, .dumpHelp:
      verbatim = [token.text] + rest
    }
  }

  private func list(_ token: FlagToken, _ rest: inout ArraySlice<String>) throws -> [String] {
    guard let value = token.value ?? rest.popFirst() else {
      throw CommandError(.usage, "--\(token.name) needs a value", hint: "write --\(token.name)=VALUE")
    }
    return value.split(separator: ",").map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
  }

  private mutating func readFlagFile(_ path: String) throws {
    guard fileDepth < 8 else { throw CommandError(.usage, "flag file \(path)", cause: "files include each other") }
    fileDepth += 1
    defer { fileDepth -= 1 }
    try read(FlagFile.arguments(in: try readFile(path), program: "vineyardd"))
  }

  private mutating func readVariable(_ name: String, required: Bool) throws {
    guard let spec = FlagTable.spec(named: name) else {
      throw CommandError(.usage, "unknown flag '\(name)' in --fromenv or --tryfromenv")
    }
    if let value = environment("FLAGS_\(name)") { return try set(spec, value) }
    if required {
      throw CommandError(.usage, "FLAGS_\(name) is not set", hint: "set it, or use --tryfromenv=\(name)")
    }
  }
}
