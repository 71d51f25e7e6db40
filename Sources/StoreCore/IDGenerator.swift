import StoreProtocol

/// Issues object ids, blob ids, signatures and session ids in the layout of the original: a blob flag, 41 bits of
/// unix time in milliseconds, 10 bits of instance, 12 bits of sequence.
///
/// Only ten bits of the instance fit, so two stores may make the same id: whoever issues one looks whether it is free.
/// The clock is given with each call. Ids stay unique when the clock stands still or steps back.
public struct IDGenerator {
  private let instance: UInt64
  private var last: UInt64 = 0

  public init(instance: UInt64) { self.instance = instance & 0x3ff }

  /// A number made of milliseconds and sequence that is larger than every earlier one.
  private mutating func next(_ now: UInt64) -> UInt64 {
    last = max(last + 1, (now & 0x1ff_ffff_ffff) << 12)
    return last
  }

  private func compose(_ number: UInt64) -> UInt64 {
    ((number >> 12) & 0x1ff_ffff_ffff) << 22 | instance << 12 | number & 0xfff
  }

  /// Whether an id may yet be issued.
  func isAhead(_ id: ObjectID, now: UInt64) -> Bool {
    let (time, sequence) = (Self.time(of: id), id.rawValue & 0xfff)
    return time << 12 | sequence > last && time >= now & 0x1ff_ffff_ffff
  }

  /// Time at which an id was made, in unix milliseconds.
  static func time(of id: ObjectID) -> UInt64 { (id.rawValue >> 22) & 0x1ff_ffff_ffff }

  /// Whether an id may have been made by this instance.
  func isOwn(_ id: ObjectID) -> Bool { (id.rawValue >> 12) & 0x3ff == instance }

  /// - Parameter now: unix time in milliseconds.
  public mutating func blobID(now: UInt64) -> ObjectID { ObjectID(1 << 63 | compose(next(now))) }

  public mutating func objectID(now: UInt64) -> ObjectID { ObjectID(compose(next(now))) }

  public mutating func signature(now: UInt64) -> UInt64 { compose(next(now)) }

  public mutating func sessionID(now: UInt64) -> UInt64 { compose(next(now)) }
}
