import StoreCore
import StoreProtocol

/// What is to be done after a request was looked at. The reply, if any, is in the reply writer.
enum Disposition {
  /// Send the reply, then the arena's descriptor if wanted.
  case send(arena: Bool)
  /// Close without a reply.
  case close
  /// Send the reply when its condition holds; or handle the request again, when that is how it is to go on.
  case hold(HeldReply)
  /// Go on with a request that takes more steps, after others.
  case `continue`(any RequestTask)
  /// Go on with a request that takes more steps when the condition of this holds.
  case wait(any RequestTask, HeldReply)
  /// Send the reply, then move raw bytes.
  case transfer(Transfer)
  /// Check a password elsewhere, then finish registering.
  case authenticate(username: String, password: String)
  /// Send the reply, then close this connection and the session.
  case deleteSession

  static var reply: Disposition { .send(arena: false) }

  /// Nothing to say yet: the request is tried again, or goes on where it was, when a key changes.
  static func park(_ key: WaitKey) -> Disposition { .hold(HeldReply(until: .changed(key), then: .request)) }

  /// The reply is sent when no pages are being given back any more.
  static var afterTrim: Disposition { .hold(HeldReply(until: .givenBack, then: .send(arena: false, nil))) }

  /// What is left to do of a request that was not finished.
  var rest: (any RequestTask)? {
    switch self {
    case .continue(let task), .wait(let task, _): task
    default: nil
    }
  }

  /// What is held back, the reply or the request.
  var held: HeldReply? {
    switch self {
    case .wait(_, let held), .hold(let held): held
    default: nil
    }
  }

  /// What the request itself waits for, rather than its reply.
  var pause: HeldReply? {
    guard let held else { return nil }
    if case .request = held.continuation { return held }
    return nil
  }
}
