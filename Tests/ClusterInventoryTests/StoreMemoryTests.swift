import Testing

@testable import ClusterInventory

/// Reading a store's page of metrics.
@Suite struct StoreMemoryTests {
  @Test func `used and allowed bytes are found among other metrics`() {
    let page = """
      # HELP vineyard_memory_used_bytes Bytes of live blobs.
      # TYPE vineyard_memory_used_bytes gauge
      vineyard_memory_used_bytes 1.5e3
      vineyard_requests_total{command="get"} 7
      vineyard_memory_limit_bytes 67108864

      """
    #expect(StoreMemoryReader.memory(page) == StoreMemory(used: 1500, limit: 64 << 20))
  }

  @Test(arguments: [
    "", "<html>not found</html>", "vineyard_memory_used_bytes 5\n", "vineyard_memory_limit_bytes 5\n",
    "vineyard_memory_used_bytes many\nvineyard_memory_limit_bytes 5\n",
    "vineyard_memory_used_bytes -1\nvineyard_memory_limit_bytes 5\n",
    "vineyard_memory_used_bytes NaN\nvineyard_memory_limit_bytes +Inf\n",
  ])
  func `a page without them tells nothing`(_ page: String) {
    #expect(StoreMemoryReader.memory(page) == nil)
  }
}
