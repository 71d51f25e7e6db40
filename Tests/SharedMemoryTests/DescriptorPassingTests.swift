import CLinux
import Glibc
import Testing

@testable import SharedMemory

extension SharedMemoryTests {
  @Suite("descriptors and events")
  struct DescriptorPassingTests {
    func socketPair() throws -> (CInt, CInt) {
      var ends: [CInt] = [-1, -1]
      try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
      return (ends[0], ends[1])
    }

    @Test("an arena sent over a socket is the same memory at the other end", arguments: HugePagePolicy.allCases)
    func sendArena(policy: HugePagePolicy) throws {
      let arena = try makeArena(policy, mebibytes: 4)
      let (server, client) = try socketPair()
      defer {
        close(server)
        close(client)
      }
      try #require(clinux_send_fd(server, arena.fileDescriptor) == 0)
      let received = clinux_recv_fd(client)
      try #require(received >= 0)
      defer { close(received) }
      #expect(received != arena.fileDescriptor)
      #expect(fcntl(received, F_GETFD) & FD_CLOEXEC != 0)

      let mapping = try ClientMapping(received, length: arena.length)
      mapping.bytes[12345] = 42
      #expect(arena.base.load(fromByteOffset: 12345, as: UInt8.self) == 42)
    }

    @Test("a descriptor comes with one byte, 0x14, and nothing after it")
    func marker() throws {
      let (server, client) = try socketPair()
      try #require(clinux_send_fd(server, server) == 0)
      close(server)
      var bytes: [UInt8] = [0, 0]
      #expect(recv(client, &bytes, 2, 0) == 1)
      #expect(bytes == [0x14, 0])
      close(client)
    }

    @Test("[Error] end of stream, a byte without a descriptor, a peer that left")
    func failures() throws {
      let (server, client) = try socketPair()
      var byte: UInt8 = 0x14
      #expect(send(server, &byte, 1, 0) == 1)
      #expect(clinux_recv_fd(client) == -EBADMSG)
      close(server)
      #expect(clinux_recv_fd(client) == -ECONNRESET)
      #expect(clinux_send_fd(client, client) == -EPIPE)
      #expect(clinux_send_fd(-1, client) == -EBADF)
      close(client)
    }

    @Test("the peer of a socket pair is this process")
    func credentials() throws {
      let (server, client) = try socketPair()
      var (pid, uid, gid): (pid_t, uid_t, gid_t) = (0, 1, 1)
      #expect(clinux_peer_credentials(server, &pid, &uid, &gid) == 0)
      #expect((pid, uid, gid) == (getpid(), getuid(), getgid()))
      close(server)
      close(client)
    }

    @Test("an eventfd is readable once notified, until drained")
    func eventDescriptor() {
      let event = clinux_eventfd()
      var poller = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
      #expect(poll(&poller, 1, 0) == 0)
      #expect(clinux_eventfd_notify(event) == 0)
      #expect(clinux_eventfd_notify(event) == 0)
      #expect(poll(&poller, 1, 0) == 1)
      #expect(clinux_eventfd_drain(event) == 0)
      #expect(clinux_eventfd_drain(event) == 0)
      #expect(poll(&poller, 1, 0) == 0)
      close(event)
    }

    @Test("a signalfd takes the blocked signal's number")
    func signalDescriptor() throws {
      let thread = try PosixThread {
        let descriptor = clinux_signalfd([SIGUSR2], 1)
        #expect(clinux_signalfd_read(descriptor) == -EAGAIN)
        pthread_kill(pthread_self(), SIGUSR2)
        #expect(clinux_signalfd_read(descriptor) == SIGUSR2)
        close(descriptor)
      }
      thread.join()
    }

    @Test("an error says what was done and what the system answered")
    func errorText() {
      #expect("\(SharedMemoryError("cannot map", code: ENOMEM))" == "cannot map: Cannot allocate memory")
      #expect("\(SharedMemoryError("cannot map"))" == "cannot map")
      #expect(SharedMemoryError("", code: ENOSPC).isOutOfMemory)
      #expect(!SharedMemoryError("", code: CLINUX_EHWPOISON).isOutOfMemory)
    }
  }
}
