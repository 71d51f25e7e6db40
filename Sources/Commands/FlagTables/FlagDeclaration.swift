import ArgumentParser
import Manifests

/// One flag of a table, as it is declared for the argument parser.
struct FlagDeclaration: Sendable {
  /// The name without dashes.
  let name: String
  /// The property wrapper that declares it.
  fileprivate let declare: @Sendable () -> Any
  /// The value that was parsed, nil for none.
  fileprivate let decode: @Sendable (KeyedDecodingContainer<Key>) throws -> FlagValue?

  /// The key under which the argument parser keeps the value.
  fileprivate var key: Key { Key(stringValue: name) }

  /// A flag by its name.
  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }
}

extension FlagDeclaration {
  /// The flag of a field; nil for a field without one.
  init?<Settings>(_ field: Field<Settings>) {
    guard let flag = field.flag else { return nil }
    let names: NameSpecification =
      flag.letter.map { [.customShort($0), .customLong(flag.name)] } ?? .customLong(flag.name)
    let help = ArgumentHelp(.init(stringLiteral: flag.help), valueName: flag.valueName)
    let standard = flag.showsDefault ? field.standard : nil
    switch field.form {
    case .boolean: self.init(switch: names, flag.name, help, isOn: standard == .boolean(true), inversion: .prefixedNo)
    case .integer: self.init(option: names, flag.name, help, standard: standard.flatMap { Int($0.text) })
    case .text: self.init(option: names, flag.name, help, standard: standard?.text.nonEmpty)
    case .list: self.init(list: names, flag.name, help, completion: Self.completion(of: flag))
    }
  }

  /// Completion of the values of a flag by shells: clusters are named as `namespace/name` everywhere.
  private static func completion(of flag: FieldFlag) -> CompletionKind? {
    flag.valueName == "namespace/name" ? .clusters : nil
  }

  /// A switch.
  ///
  /// - Parameter inversion: the form that switches it off; nil for none.
  init(
    switch names: NameSpecification, _ name: String, _ help: ArgumentHelp, isOn: Bool, inversion: FlagInversion?
  ) {
    self.init(name: name) {
      inversion.map { Flag<Bool>(wrappedValue: isOn, name: names, inversion: $0, help: help) }
        ?? Flag<Bool>(wrappedValue: isOn, name: names, help: help)
    } decode: {
      .boolean(try $0.decode(Flag<Bool>.self, forKey: Key(stringValue: name)).wrappedValue)
    }
  }

  /// A flag with a value.
  ///
  /// - Parameter standard: the value when nobody gives one; nil for none.
  init<Content: ExpressibleByArgument & Sendable>(
    option names: NameSpecification, _ name: String, _ help: ArgumentHelp, standard: Content?,
    completion: CompletionKind? = nil
  ) {
    guard let standard else {
      self.init(name: name) {
        Option<Content?>(name: names, help: help, completion: completion)
      } decode: {
        try $0.decode(Option<Content?>.self, forKey: Key(stringValue: name)).wrappedValue
          .map { .single($0.defaultValueDescription) }
      }
      return
    }
    self.init(name: name) {
      Option<Content>(wrappedValue: standard, name: names, help: help, completion: completion)
    } decode: {
      .single(try $0.decode(Option<Content>.self, forKey: Key(stringValue: name)).wrappedValue.defaultValueDescription)
    }
  }

  private init(list names: NameSpecification, _ name: String, _ help: ArgumentHelp, completion: CompletionKind?) {
    self.init(name: name) {
      Option<[String]>(wrappedValue: [], name: names, help: help, completion: completion)
    } decode: {
      .list(try $0.decode(Option<[String]>.self, forKey: Key(stringValue: name)).wrappedValue)
    }
  }
}

/// Flags that a table declares.
protocol FlagList {
  /// The flags in the order of the help.
  static var flags: [FlagDeclaration] { get }
}

/// The flags of a table as an option group.
///
/// The argument parser finds flags by looking at the properties of a group and reads them as coding keys, both of
/// which a type may provide itself. So a flag is a row of a table, and no property besides.
struct FlagGroup<List: FlagList>: ParsableArguments, CustomReflectable, Sendable {
  /// The values by the names of their flags, defaults included; flags without value or default have none.
  private(set) var values: [String: FlagValue] = [:]

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FlagDeclaration.Key.self)
    for flag in List.flags { values[flag.name] = try flag.decode(container) }
  }

  var customMirror: Mirror {
    Mirror(self, children: List.flags.map { (label: $0.key.stringValue, value: $0.declare()) })
  }
}

/// The flags of the fields of a resource.
enum FieldFlagList<Settings: FieldTable>: FlagList {
  static var flags: [FlagDeclaration] { Settings.fields.compactMap { FlagDeclaration($0) } }
}

/// The flags that describe a resource.
typealias FieldFlags<Settings: FieldTable> = FlagGroup<FieldFlagList<Settings>>

extension FlagGroup {
  /// Sets the fields that flags or their defaults say.
  ///
  /// - Throws: `ProgramError` with code `usage` for a value that cannot be read.
  func apply<Settings>(to settings: inout Settings) throws where List == FieldFlagList<Settings> {
    for field in Settings.fields {
      if let name = field.flag?.name, let value = values[name] { try field.set(value, in: &settings) }
    }
  }
}
