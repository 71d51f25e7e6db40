import Testing

@testable import StoreServer

extension StoreServerTests {
  @Suite("metrics")
  struct MetricsTests {
    let server: RunningServer

    init() throws { server = try RunningServer { $0.metricsPort = 0 } }

    private func get(_ path: String, method: String = "GET") throws -> (head: String, body: String) {
      try httpExchange("\(method) \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", port: server.metricsPort)
    }

    /// The samples of the page: name with labels, and value.
    private func samples() throws -> [String: Double] {
      var samples: [String: Double] = [:]
      for line in try get("/metrics").body.split(separator: "\n") where !line.hasPrefix("#") {
        let parts = line.split(separator: " ")
        #expect(parts.count == 2 && samples[String(parts[0])] == nil, "\(line)")
        samples[String(parts[0])] = Double(parts[1])
      }
      return samples
    }

    @Test("the page is in the text format of Prometheus; others are told what to do instead")
    func endpoint() throws {
      let page = try get("/metrics?x=1")
      #expect(page.head.hasPrefix("HTTP/1.1 200"))
      #expect(page.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8"))
      #expect(page.head.contains("Content-Length: \(page.body.utf8.count)"))
      #expect(try get("/metrics", method: "HEAD").body.isEmpty)
      #expect(try get("/").head.hasPrefix("HTTP/1.1 404"))
      #expect(try get("/metrics", method: "POST").head.hasPrefix("HTTP/1.1 405"))
      #expect(try get("/healthz").body == "ok\n")
      #expect(try get("/readyz").head.hasPrefix("HTTP/1.1 200"))
      #expect(try httpExchange("nonsense\r\n\r\n", port: server.metricsPort).head.hasPrefix("HTTP/1.1 400"))
    }

    @Test("every family has a help and a type, and every sample a family")
    func families() throws {
      var families: Set<Substring> = []
      for line in try get("/metrics").body.split(separator: "\n") {
        let parts = line.split(separator: " ")
        if line.hasPrefix("# TYPE ") {
          #expect(["gauge", "counter", "histogram"].contains(parts[3]))
          families.insert(parts[2])
        } else if !line.hasPrefix("#") {
          let name = parts[0].prefix { $0 != "{" }
          let suffix = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) } ?? ""
          #expect(families.contains(name.dropLast(suffix.count)), "\(line)")
        }
      }
    }

    @Test("the numbers are those of what happened")
    func numbers() throws {
      let client = try WireClient.registered(server)
      _ = try client.request(#"{"type":"create_buffer_request","size":1000}"#)
      try closeFile(client.receiveArena())
      _ = try client.request(#"{"type":"create_buffer_request","size":99999999}"#)
      _ = try client.request(#"{"type":"create_data_request","content":{"typename":"t","instance_id":0}}"#)
      _ = try client.request(#"{"type":"create_stream_request","object_id":1}"#)
      _ = try client.request("nonsense")
      let remote = try WireClient.registered(server, .rpc)
      try remote.sendFrame(#"{"type":"get_name_request","name":"n","wait":true}"#)
      try server.waitUntil("it waits") { $0.handler.parkedRequests == 1 }
      let samples = try samples()
      for (name, value) in [
        "vineyard_memory_used_bytes": 1000, "vineyard_memory_limit_bytes": 16_777_216,
        "vineyard_memory_lingering_bytes": 0,
        "vineyard_objects": 1, "vineyard_blobs": 1, "vineyard_names": 0, "vineyard_streams": 1, "vineyard_sessions": 1,
        "vineyard_connections{kind=\"ipc\"}": 1, "vineyard_connections{kind=\"rpc\"}": 1, "vineyard_parked_requests": 1,
        "vineyard_requests_total{type=\"create_buffer_request\"}": 2,
        "vineyard_request_errors_total{type=\"create_buffer_request\"}": 1,
        "vineyard_requests_total{type=\"register_request\"}": 2, "vineyard_malformed_requests_total": 1,
        "vineyard_requests_total{type=\"get_name_request\"}": 0,
      ] as [String: Double] {
        #expect(samples[name, default: 0] == value, "\(name)")
      }
      expectConsistentHistograms(samples)
    }

    /// Buckets never fall, and the last one holds every request.
    private func expectConsistentHistograms(_ samples: [String: Double]) {
      let prefix = "vineyard_request_duration_seconds_count"
      for (name, count) in samples where name.hasPrefix(prefix) {
        let type = name.dropFirst(prefix.count + 1).dropLast()
        let buckets = samples.filter { $0.key.hasPrefix("vineyard_request_duration_seconds_bucket{\(type),") }
        #expect(samples["vineyard_requests_total{\(type)}"] == count)
        #expect(buckets.values.max() == count)
        let bounded = buckets.compactMap { bucket in
          Double(bucket.key.split(separator: "\"").dropLast().last ?? "").map { ($0, bucket.value) }
        }
        let ascending = bounded.sorted { $0.0 < $1.0 }.map(\.1)
        #expect(ascending == ascending.sorted() && ascending.count >= 12)
      }
    }

    @Test("scrapes and requests do not wait for each other")
    func load() throws {
      let client = try WireClient.registered(server)
      for _ in 0..<50 {
        #expect(try client.request(#"{"type":"exists_request","id":1}"#)["exists"] == .bool(false))
        #expect(try get("/metrics").body.contains("vineyard_memory_used_bytes 0"))
      }
    }
  }
}
