import Support
import Testing

@Suite struct TableTests {
  @Test func `columns are as wide as their widest cell, two blanks apart`() {
    var table = Table("name", "ready")
    table.add("vineyardd-sample", "3/3")
    table.add("etcd", "1/1")
    #expect(
      table.text == """
        NAME              READY
        vineyardd-sample  3/3
        etcd              1/1

        """)
  }

  @Test func `an empty cell is a dash, and no line ends with blanks`() {
    var table = Table("a", "b")
    table.add("x", "")
    table.add("", "long")
    #expect(table.text == "A  B\nx  -\n-  long\n")
  }

  @Test func `a cell with line breaks stays in its row`() {
    var table = Table("a", "b")
    table.add("one\ntwo", "x")
    #expect(table.text == "A        B\none two  x\n")
  }

  @Test func `letters that take several bytes count once`() {
    var table = Table("a", "b")
    table.add("äöü", "x")
    table.add("abcd", "y")
    #expect(table.text == "A     B\näöü   x\nabcd  y\n")
  }

  @Test func `a table without rows is its header`() {
    #expect(Table("name", "ready").text == "NAME  READY\n")
  }
}
