import DequeModule
import JSON
import MetadataBackend
import SharedMemory
import StoreCore
import StoreProtocol
import Support

/// Replies that are held back: how each begins to wait, and the one place where each ends.
extension StoreServer {
  /// Keeps a reply back, or a request, until its condition holds.
  ///
  /// A complete reply is taken out of the handler's writer.
  func hold(_ held: HeldReply, of connection: Connection) {
    if case .send = held.continuation { held.reply = takeReply() }
    held.connection = connection.id
    connection.state = .held(held)
    heldReplies.add(held)
    if let deadline = held.deadline { held.timer = loop.timers.add(at: deadline.time, .deadline(held)) }
    switch held.condition {
    case .changed:
      countParked(1, of: connection)
      store.notesChanges = true
    case .populated(let blobs): for range in blobs.ranges { store.demandPages(range) }
    case .givenBack, .checked, .job, .durable, .pulled, .answered, .granted: break
    // The socket is watched already for taking more.
    case .sent: return
    }
    poller.change(connection.file, .hangUp, token: connection.id)
  }

  /// The reply as a writer of its own.
  private func takeReply() -> ByteWriter {
    let reply = handler.reply
    handler.reply = ByteWriter(repliesWithin: heap.buffers)
    return reply
  }

  /// Gives a reply that is held back, or goes on with its request; does nothing when that has happened.
  ///
  /// - Parameter failure: why the condition cannot hold; the client gets this error, and the request is undone.
  func settle(_ held: HeldReply, failure: StoreError? = nil) {
    guard heldReplies.remove(held) else { return }
    if let timer = held.timer { loop.timers.cancel(timer) }
    if failure != nil { held.undo() }
    guard let connection = held.connection.flatMap({ connections[$0] }) else { return }
    if case .changed(let key) = held.condition {
      countParked(-1, of: connection)
      if failure != nil { stopWaiting(connection, for: key) }
    }
    if let failure { return refuse(held, of: connection, held.refusal(failure)) }
    switch held.continuation {
    case .send(let sendsArena, let transfer):
      makeReady(connection)
      guard var reply = held.reply, send(&reply, sendsArena: sendsArena, to: connection) else { return }
      if let transfer { begin(transfer, on: connection) }
      process(connection)
    case .request: resume(connection)
    case .transfer(let transfer): start(transfer, on: connection)
    case .registration(let login): finishRegistration(login, of: connection)
    case .close: close(connection, because: "done")
    }
  }

  private func makeReady(_ connection: Connection) {
    connection.state = .ready
    poller.change(connection.file, .reading, token: connection.id)
  }

  /// Tries a request again, or goes on with it where it was.
  private func resume(_ connection: Connection) {
    guard connection.work == nil else {
      connection.state = .working
      poller.change(connection.file, [], token: connection.id)
      return enqueue(connection)
    }
    makeReady(connection)
    process(connection)
  }

  private func refuse(_ held: HeldReply, of connection: Connection, _ error: StoreError) {
    if case .request = held.continuation { dropRequest(of: connection, error) }
    makeReady(connection)
    handler.reply.reply(error)
    if sendReply(to: connection) { process(connection) }
  }

  /// Gives up the request that a connection waits with.
  private func dropRequest(of connection: Connection, _ error: StoreError) {
    connection.quotaDeadline = nil
    if let work = connection.work {
      if let frame = work.frame {
        record(work.found, nanoseconds: work.duration, error, connection)
        connection.input.consumeFrame(frame)
      }
      abandonWork(of: connection)
    } else if case .complete(let frame) = connection.input.nextFrame() {
      connection.input.consumeFrame(frame)
    }
  }

  /// Forgets the held replies of a connection that goes, or whose volume goes.
  func abandonHeld(of connection: Connection) {
    guard case .held(let held) = connection.state else { return }
    connection.state = .closing
    held.reply = nil
    if held.outlivesClient {
      held.connection = nil
      return
    }
    guard heldReplies.remove(held) else { return }
    if let timer = held.timer { loop.timers.cancel(timer) }
    switch held.condition {
    case .changed(let key):
      countParked(-1, of: connection)
      stopWaiting(connection, for: key)
    case .checked:
      if case .registration(let login) = held.continuation { logins.remove(connection.id, of: login.claim) }
    case .granted(let question): backend.quotas?.withdraw(question)
    case .populated, .givenBack, .sent, .job, .durable, .pulled, .answered: break
    }
  }

  // MARK: - Keys

  private func countParked(_ change: Int, of connection: Connection) {
    handler.parkedRequests += change
    connection.client.volume?.parkedRequests += change
  }

  private func stopWaiting(_ connection: Connection, for key: WaitKey) {
    store.notesChanges = heldReplies.hasKeys
    // It may have been the one that was to get the lock.
    if case .lock = key { wake(key) }
    if case .stream(_, let id) = key { store.unpark(connection.client, from: id) }
  }

  /// Lets those go on that wait for a key, when it is their turn.
  func wake(_ key: WaitKey) { woken.append(contentsOf: heldReplies.wake(key)) }

  /// Tries requests again whose key has changed, a slice of them.
  func settleChanged() {
    store.work.allow(Self.slice)
    repeat {
      deliverEffects()
      while !store.work.isSpent, let held = woken.popFirst() {
        store.work.spend(8 * Work.item)
        settle(held)
      }
      store.notesChanges = heldReplies.hasKeys
    } while !store.work.isSpent && store.hasEffects
  }

  // MARK: - Pages

  private func isMet(_ condition: HeldReply.Condition) -> Bool {
    switch condition {
    case .populated(let blobs): !blobs.ranges.contains { store.memory.residency.isAwaited($0) }
    case .givenBack: !pages.isGivingBack
    case .changed, .sent, .checked, .job, .durable, .pulled, .answered, .granted: false
    }
  }

  func finishPages(_ job: PageJob, _ result: Result<Duration, SharedMemoryError>) {
    let refuses = pages.finish(job, result)
    pages.pump(urgentOnly: pulls.isBusy)
    pulls.pagesChanged(refuses: refuses)
    for held in heldReplies.onPages {
      let isMet = isMet(held.condition)
      // A range that was not zeroed may still have the bytes of others.
      if refuses, case .populated = held.condition, job.work == .zero || !isMet {
        settle(held, failure: StoreError(.notEnoughMemory, "the system has no pages left"))
      } else if isMet {
        settle(held)
      }
    }
  }

  /// Answers requests that wait for the page worker when it has nothing to do for them: there is nothing more to give
  /// back, or their blobs went before their pages came, and no job will end that could answer them.
  ///
  /// - Returns: whether there were any.
  func settleUnserved() -> Bool {
    let unserved = heldReplies.onPages.filter { held in
      switch held.condition {
      case .givenBack: !pages.isGivingBack
      case .populated: pages.isIdle
      default: false
      }
    }
    let answers = unserved.map { (held: $0, isMet: isMet($0.condition)) }
    for (held, isMet) in answers {
      settle(held, failure: isMet ? nil : StoreError(.notEnoughMemory, "its pages did not come"))
    }
    return !answers.isEmpty
  }

  // MARK: - Jobs of the disk worker

  /// Ends a job of the disk worker.
  ///
  /// - Parameter failure: error for the client that waits; nil for none.
  func finishJob(_ job: UInt64, failure: StoreError?) {
    if let held = heldReplies.waiting(for: job) { settle(held, failure: failure) }
  }
}
