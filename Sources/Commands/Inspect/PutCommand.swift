import ArgumentParser
import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// Stores a value.
struct PutCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "put", abstract: "Store a text or a file, and print the id of the object.",
    discussion: """
      Without --name the value becomes a blob, as with the original. With --name a text becomes one that Python's \
      client.get(name=…) returns as str, and a file one that it returns as bytes; the object is visible to all stores that \
      share an etcd. Through a cluster with several stores --node says which of them takes it.
      """.withExamples(
        "vineyardctl put --value hello --ipc-socket /tmp/demo/vineyard.sock",
        "vineyardctl put --file model.bin --name model --node node-1"))

  @Option(help: ArgumentHelp("The text to store.", valueName: "text"))
  var value: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to store, up to 1Gi; - is standard input.", valueName: "file"),
    completion: .file())
  var file: String?

  @Option(help: ArgumentHelp("Name to give the object.", valueName: "text"))
  var name: String?

  @Option(help: ArgumentHelp("Volume to store it in; default: none.", valueName: "id"))
  var volume: String?

  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  mutating func validate() throws {
    guard (value == nil) == (file == nil) else {
      if name == "" { throw ProgramError(.usage, "--name is empty", hint: "leave it out for none") }
      return
    }
    throw ProgramError(
      .usage, value == nil ? "nothing to store is given" : "two things to store are given",
      hint: "give --value or --file")
  }

  mutating func run(_ context: CommandContext) async throws {
    var content: [UInt8]?
    if let file { content = try await context.waiting { try $0.readBytes(file) } }
    let bytes = content
    let targets = try await StoreTargets(stores, context).one()
    let (text, name, volume) = (value, name, volume)
    let answers = try await targets.each { (access, _) in
      let connection = try StoreConnection(access, volume: volume, writes: true)
      guard let name else { return try connection.putBlob(bytes ?? Array((text ?? "").utf8)) }
      let id = try bytes.map { try connection.putBytes($0) } ?? connection.putText(text ?? "")
      try connection.persist(id)
      try connection.putName(name, id)
      return id
    }
    guard let (_, id) = answers.found.first else { return }
    if format.output == .table || format.output == .name {
      context.output("\(id)\n")
    } else {
      context.print(PrintableFields(["id": "\(id)"]), format.output)
    }
  }
}

extension StoreConnection {
  /// Stores a text as the clients of Python do it.
  fileprivate func putText(_ text: String) throws(ProgramError) -> ObjectID {
    try putObject(["typename": "vineyard::Scalar<std::string>", "nbytes": 0, "type_": "str", "value_": .string(text)])
  }

  /// Stores bytes as a pickle of them, which every client in Python can load.
  ///
  /// Source: the module pickletools of Python's library, PROTO, BINBYTES8, STOP.
  fileprivate func putBytes(_ bytes: [UInt8]) throws(ProgramError) -> ObjectID {
    let length = withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) }
    let pickle = [0x80, 0x05, 0x8E] + length + bytes + [UInt8(ascii: ".")]
    let blob = try putBlob(pickle)
    return try putObject([
      "typename": "vineyard::PickleBuffer", "nbytes": Value(pickle.count), "size_": Value(pickle.count),
      "buffer_": member(blob, size: pickle.count),
    ])
  }
}

extension StoreTargets {
  /// The one store that something is to be changed in.
  ///
  /// - Throws: `ProgramError` with code `usage` when there are several.
  func one() throws(ProgramError) -> StoreTargets {
    guard origins.count > 1 else { return self }
    throw ProgramError(
      .usage, "there are \(origins.count) stores", cause: "they are on \(origins.map(\.node).shortList)",
      hint: "say which with --node")
  }
}
