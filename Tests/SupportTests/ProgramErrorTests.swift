import Support
import Testing

@Suite struct ProgramErrorTests {
  @Test func `an error is one line of message, cause and hint`() {
    let error = ProgramError(.failed, "cannot start", cause: "port 9600 is in use", hint: "choose another")
    #expect(error.line == "error: cannot start: port 9600 is in use (hint: choose another)")
  }

  @Test func `cause and hint may be missing or empty`() {
    #expect(ProgramError(.notFound, "no such object").line == "error: no such object")
    #expect(ProgramError(.notFound, "no such object", cause: "", hint: "").line == "error: no such object")
    #expect(ProgramError(.failed, "a", hint: "b").line == "error: a (hint: b)")
  }

  @Test func `line breaks of a cause do not break the line`() {
    let error = ProgramError(.failed, "bad file", cause: "line 1\r\n  line 2\n\n")
    #expect(error.line == "error: bad file: line 1 line 2")
  }

  @Test func `an error of the system has the system's text`() {
    #expect(ProgramError.system("cannot open x", errno: 2).line == "error: cannot open x: No such file or directory")
  }
}
