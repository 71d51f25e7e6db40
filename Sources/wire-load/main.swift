import CLinux
import Glibc
import StoreClient
import Support

// A closed-loop load generator for scripts/bench: each connection has one request under way at a time.

struct Arguments {
  var socket = ""
  var request = "exists"
  var connections = 1
  var seconds = 1.0
}

func fail(_ message: String) -> Never {
  StandardStream.error.write("wire-load: \(message)\n")
  exit(2)
}

func parse() -> Arguments {
  var arguments = Arguments()
  var words = CommandLine.arguments.dropFirst()
  while let flag = words.popFirst() {
    guard let value = words.popFirst() else { fail("\(flag) needs a value") }
    switch flag {
    case "--socket": arguments.socket = value
    case "--request": arguments.request = value
    case "--connections": arguments.connections = Int(value) ?? 0
    case "--seconds": arguments.seconds = Double(value) ?? 0
    default: fail("unknown flag \(flag); there are --socket, --request, --connections, --seconds")
    }
  }
  if arguments.socket.isEmpty || arguments.connections < 1 || arguments.seconds <= 0 {
    fail("use: wire-load --socket PATH --request exists|get_data --connections N --seconds S")
  }
  return arguments
}

/// The number behind `"id":` of a create_data reply.
func identifier(in reply: String) -> String {
  guard let start = reply.range(of: "\"id\":") else { fail("unexpected reply: \(reply)") }
  return String(reply[start...].prefix { $0.isNumber })
}

extension String {
  /// The index behind the first occurrence of `text`.
  func range(of text: String) -> Index? {
    var position = startIndex
    while position < endIndex {
      if self[position...].hasPrefix(text) { return index(position, offsetBy: text.count) }
      position = index(after: position)
    }
    return nil
  }
}

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func run() throws {
  let arguments = parse()
  let clients = try (0..<arguments.connections).map { _ in try StoreClient(path: arguments.socket) }
  for client in clients { try client.register() }
  let content =
    #"{"global":false,"instance_id":0,"nbytes":0,"transient":true,"type_":"int","#
    + #""typename":"vineyard::Scalar<int>","value_":42}"#
  let id = identifier(in: try clients[0].request(#"{"content":\#(content),"type":"create_data_request"}"#))
  let request: String
  switch arguments.request {
  case "exists": request = #"{"id":\#(id),"type":"exists_request"}"#
  case "get_data": request = #"{"id":[\#(id)],"sync_remote":false,"type":"get_data_request","wait":false}"#
  default: fail("unknown request \(arguments.request); there are exists and get_data")
  }
  let frame = StoreClient.frame(Array(request.utf8))
  // The reply always has the same length.
  let replyLength = try clients[0].request(request).utf8.count + 8

  let poll = clinux_epoll_create()
  for (index, client) in clients.enumerated() {
    _ = clinux_epoll_control(poll, CLINUX_EPOLL_ADD, client.file, CLINUX_EPOLLIN, UInt64(index))
  }
  var events = [clinux_event](repeating: clinux_event(), count: clients.count)
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  var pending = [Int](repeating: replyLength, count: clients.count)
  var messages = 0
  let start = now()
  let end = start + arguments.seconds
  for client in clients { try client.sendRaw(frame) }
  while now() < end {
    let count = clinux_epoll_wait(poll, &events, CInt(events.count), 1000)
    if count == 0 { fail("no reply within a second") }
    for event in events.prefix(Int(max(0, count))) {
      let index = Int(event.token)
      let got = recv(clients[index].file, &buffer, pending[index], 0)
      if got <= 0 { fail("the daemon closed the connection") }
      pending[index] -= got
      guard pending[index] == 0 else { continue }
      pending[index] = replyLength
      messages += 1
      try clients[index].sendRaw(frame)
    }
  }
  StandardStream.output.write("{\"messages\":\(messages),\"seconds\":\(now() - start)}\n")
}

do {
  try run()
} catch {
  fail("\(error)")
}
