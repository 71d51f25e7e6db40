/// Colours on a terminal (ECMA-48, SGR); without them text stays as it is.
public struct Palette: Sendable {
  /// Values of `--color`.
  public enum Choice: String, Sendable, CaseIterable {
    /// On a terminal that has colours, unless NO_COLOR is set (no-color.org).
    case auto
    case always
    case never
  }

  /// A colour of the foreground, by its number.
  public enum Colour: Int, Sendable {
    case red = 31
    case green = 32
    case yellow = 33
    case cyan = 36
  }

  /// Whether text is coloured at all.
  public let isOn: Bool

  /// A palette without colours.
  public static let plain = Palette(isOn: false)

  public init(isOn: Bool) { self.isOn = isOn }

  /// The palette for a stream.
  ///
  /// - Parameter environment: gives the value of a variable, nil when unset.
  public init(_ choice: Choice, isTerminal: Bool, environment: (String) -> String?) {
    let refuses = environment("NO_COLOR")?.isEmpty == false || environment("TERM") == "dumb"
    switch choice {
    case .auto: isOn = isTerminal && !refuses
    case .always: isOn = true
    case .never: isOn = false
    }
  }

  /// Text in a colour.
  public func paint(_ text: some StringProtocol, _ colour: Colour) -> String {
    isOn ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : String(text)
  }
}
