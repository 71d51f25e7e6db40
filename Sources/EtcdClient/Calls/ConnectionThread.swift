import NIOCore
import NIOPosix

/// The thread of all connections, for tasks whose calls are to be quick: on it a call takes no other thread, which would
/// have to be woken up several times.
final class ConnectionThread: TaskExecutor {
  /// Few calls at a time: one thread is enough.
  static let shared = ConnectionThread()

  let eventLoops: MultiThreadedEventLoopGroup
  let eventLoop: any EventLoop

  private init() {
    eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    eventLoop = eventLoops.next()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

extension EtcdClient {
  /// Runs something on the thread of the connections, where its calls take less time. It must not compute for long.
  public func onConnectionThread(_ body: () async -> Void) async {
    await withTaskExecutorPreference(ConnectionThread.shared) { await body() }
  }
}
