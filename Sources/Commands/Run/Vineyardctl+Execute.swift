import ArgumentParser
import Glibc
import Support

extension Vineyardctl {
  /// Runs the command line of this process and ends it; the whole of `main`.
  public static func runAndExit() -> Never {
    Glibc.exit(execute(CommandLine.arguments).rawValue)
  }

  /// Runs one command line and tells how it ended; never exits the process.
  ///
  /// - Parameter commandLine: the program's name, then its arguments.
  public static func execute(_ commandLine: [String], context: CommandContext = .process) -> ExitStatus {
    execute(commandLine, root: Vineyardctl.self, context: context)
  }

  /// Runs one command line of some tree of commands.
  static func execute(
    _ commandLine: [String], root: any ParsableCommand.Type, context: CommandContext
  ) -> ExitStatus {
    var context = context
    context.color = ColorArguments.choice(in: commandLine)
    let status = outcome(commandLine, root: root, context: context)
    guard let failure = context.writeFailure() else { return status }
    context.write(failure)
    return status == .ok ? CommandError(failure).status : status
  }

  private static func outcome(
    _ commandLine: [String], root: any ParsableCommand.Type, context: CommandContext
  ) -> ExitStatus {
    do {
      return try Invocation(commandLine, root: root, context: context).execute(context)
    } catch {
      let end = CommandError(told: error) ?? CommandError(ProgramError(.failed, "\(error)"))
      context.write(end.error)
      return end.status
    }
  }
}

extension Invocation {
  fileprivate func execute(_ context: CommandContext) -> ExitStatus {
    do {
      var command = try root.parseAsRoot(arguments)
      var context = context
      context.warnings = warnings
      context.flags = flags
      if let action = command as? any AsyncContextCommand { return try CommandTask.run(action, context) }
      if var action = command as? any ContextCommand {
        try action.run(context)
      } else {
        try command.run()
      }
      return .ok
    } catch {
      return report(error, context)
    }
  }

  private func report(_ error: any Error, _ context: CommandContext) -> ExitStatus {
    // A command that has told everything already, and only ends otherwise than well.
    if let exit = error as? ExitCode { return ExitStatus(rawValue: exit.rawValue) ?? .failed }
    if let end = CommandError(told: error) {
      context.write(end.error)
      return end.status
    }
    // A shell asks while somebody types, and wants no errors in between.
    if arguments.first == Self.completionCall, !root.exitCode(for: error).isSuccess { return .failed }
    if root.exitCode(for: error).isSuccess {
      context.output("\(root.fullMessage(for: error, columns: context.columns).trimmingLineEnd())\n")
      return .ok
    }
    context.write(usageError(root.message(for: error)))
    return .usage
  }

  /// An error of the argument parser in the words of this program: its second sentence is a hint.
  private func usageError(_ message: String) -> ProgramError {
    let text = message.onOneLine
    // What `validate` throws brings a hint of its own.
    if text.hasSuffix(")"), let start = text.firstRange(of: " (hint: ") {
      return ProgramError(
        .usage, String(text[..<start.lowerBound]), hint: String(text[start.upperBound...].dropLast()))
    }
    let end = text.firstRange(of: ". ")
    let sentence = text[..<(end?.lowerBound ?? text.endIndex)]
    let advice = end.map { text[$0.upperBound...] } ?? ""
    let hint = advice.isEmpty ? "'\(command) --help' explains the flags" : sentenceCase(advice)
    return ProgramError(.usage, sentenceCase(sentence), hint: hint)
  }

  private func sentenceCase(_ text: Substring) -> String {
    let body = text.hasSuffix(".") ? text.dropLast() : text
    return (body.first?.lowercased() ?? "") + body.dropFirst()
  }
}
