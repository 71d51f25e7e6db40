import StoreCore
import StoreProtocol

/// What is to be done after a request was looked at. The reply, if any, is in the reply writer.
enum Disposition {
  /// Send the reply, then the arena's descriptor if wanted.
  case send(arena: Bool)
  /// Close without a reply.
  case close
  /// Nothing to say yet.
  case park(WaitKey)
  /// Go on with a request that takes more steps, after others.
  case `continue`(any RequestTask)
  /// Go on with a request when the key changes.
  case wait(any RequestTask, WaitKey)
  /// Send the reply, then move raw bytes.
  case transfer(Transfer)
  /// Send the reply when the new blobs have pages.
  case afterPages(NewBlobs, sendsArena: Bool, transfer: Transfer?)
  /// Send the reply when the pages nobody uses are given back.
  case afterTrim
  /// Check a password elsewhere, then finish registering.
  case authenticate(username: String, password: String)
  /// Send the reply, then close this connection and the session.
  case deleteSession

  static var reply: Disposition { .send(arena: false) }
}
