import StoreProtocol
import Testing

@Suite("blob payload")
struct BlobPayloadTests {
  @Test("the empty blob is written as the original sends it")
  func empty() {
    #expect(
      text { $0.append(.empty) }
        == #"{"data_offset":0,"data_size":0,"is_gpu":false,"is_owner":true,"is_sealed":false,"map_size":0,"#
        + #""object_id":9223372036854775808,"pointer":0,"store_fd":-1}"#)
  }

  @Test("a blob is written with the keys and order of transcript 9.2; pointer repeats the offset")
  func blob() {
    let payload = BlobPayload(
      id: ObjectID(16_753_970_187_425_808_384), fileKey: 9, offset: 64, size: 1_048_576, mappingLength: 268_435_456,
      isSealed: true)
    #expect(
      text { $0.append(payload) }
        == #"{"data_offset":64,"data_size":1048576,"is_gpu":false,"is_owner":true,"is_sealed":true,"#
        + #""map_size":268435464,"object_id":16753970187425808384,"pointer":64,"store_fd":9}"#)
  }

  @Test("a plasma blob adds its own fields")
  func plasma() {
    let payload = BlobPayload(
      id: ObjectID(1 << 63 | 1), fileKey: 1, offset: 128, size: 5, mappingLength: 4096, isSealed: false)
    let written = text { $0.append(payload, plasmaID: "a\"b=", plasmaSize: 3, referenceCount: 2) }
    #expect(written.hasSuffix(#","store_fd":1,"plasma_id":"a\"b=","plasma_size":3,"ref_cnt":2}"#))
    #expect(throws: Never.self) { try JSONText(written).value() }
  }
}
