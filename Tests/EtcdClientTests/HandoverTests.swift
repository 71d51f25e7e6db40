import Testing

@testable import EtcdClient

@Suite("handover", .timeLimit(.minutes(10)))
struct HandoverTests {
  @Test("given more elements than there is room for, then the sender waits and all arrive in order")
  func order() async throws {
    let handover = Handover<Int>(capacity: 2)
    let sender = Task {
      for number in 0..<1000 { try await handover.send(number) }
      handover.finish(nil)
    }
    var received: [Int] = []
    while let number = try await handover.next() { received.append(number) }
    #expect(received == Array(0..<1000))
    try await sender.value
  }

  @Test("given an end with an error, then what came before is told first")
  func error() async throws {
    let handover = Handover<Int>(capacity: 2)
    try await handover.send(1)
    handover.finish(.noSpace)
    handover.finish(nil)
    try await handover.send(2)
    #expect(try await handover.next() == 1)
    await #expect(throws: EtcdError.noSpace) { try await handover.next() }
  }

  @Test("given tasks that wait and are cancelled, then they go on")
  func cancelled() async throws {
    let handover = Handover<Int>(capacity: 1)
    let receiver = Task { try await handover.next() }
    receiver.cancel()
    await #expect(throws: EtcdError.cancelled) { try await receiver.value }
    try await handover.send(1)
    let sender = Task { try await handover.send(2) }
    sender.cancel()
    await #expect(throws: EtcdError.cancelled) { try await sender.value }
    #expect(try await handover.next() == 1)
  }
}
