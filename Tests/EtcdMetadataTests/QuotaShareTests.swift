import Testing

@testable import EtcdMetadata

@Suite("the part of a store in a quota")
struct QuotaShareTests {
  private func share(quota: UInt64, generation: UInt64) -> QuotaShare {
    var share = QuotaShare(instance: 1, quota: quota)
    share.generation = generation
    return share
  }

  private func written(_ action: QuotaShare.Action?) -> QuotaRecord? {
    guard case .write(let record, _)? = action else { return nil }
    return record
  }

  @Test("given lost data of etcd, then the record is made anew with the quota of the newest document")
  func lost() {
    var share = share(quota: 40, generation: 1)
    share.see(QuotaRecord(quota: 40, generation: 1), 5, at: 5)
    (share.quota, share.generation) = (20, 2)
    share.forgetHistory()
    let record = written(share.next(used: 10))
    #expect(record?.quota == 20 && record?.generation == 2 && record?.granted == 10)
  }

  @Test("given a record of an older document, then the newer document's quota takes its place")
  func older() {
    var share = share(quota: 20, generation: 2)
    share.see(QuotaRecord(quota: 40, generation: 1, shares: [2: .init(granted: 30)]), 5, at: 5)
    let record = written(share.next(used: 0))
    #expect(record?.quota == 20 && record?.generation == 2 && record?.free == 0)
  }

  @Test(
    "given a record that is ahead of the document, or one without a generation, then it stays", arguments: [3, nil])
  func ahead(_ generation: UInt64?) {
    var share = share(quota: 20, generation: 2)
    share.see(QuotaRecord(quota: 40, generation: generation), 5, at: 5)
    #expect(share.next(used: 0) == nil)
  }

  @Test("given a change of the quota, then the record is of the next generation, and others keep to it")
  func change() {
    var share = share(quota: 40, generation: 2)
    share.see(QuotaRecord(quota: 40, generation: 1), 5, at: 5)
    share.beginResizing(to: 20)
    let record = written(share.next(used: 0))
    #expect(record?.quota == 20 && record?.generation == 3)
    var other = self.share(quota: 40, generation: 2)
    other.see(record, 6, at: 6)
    #expect(other.next(used: 0) == nil)
  }

  @Test("given a record, then it is read as it is written, with its generation and without")
  func text() {
    for generation in [7, nil] as [UInt64?] {
      let record = QuotaRecord(quota: 9, generation: generation, round: 2, shares: [3: .init(granted: 4)])
      #expect(QuotaRecord(record.text) == record)
    }
  }
}
