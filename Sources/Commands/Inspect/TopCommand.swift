import ArgumentParser
import ClusterInventory
import Documents
import Inspection
import StoreProtocol
import Support

/// Shows what is large and what changes, live.
struct TopCommand: AsyncContextCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Show stores, volumes and the largest objects, live.",
    discussion: """
      On a terminal the tables are drawn anew every few seconds until Ctrl-C. Elsewhere, with --once and with an -o other \
      than table they are printed once. CHANGE is how fast the bytes in use grow or shrink.

      \(StoreArguments.ways)
      """.withExamples("vineyardctl top", "vineyardctl top --once -o json", "vineyardctl top --rows 20 --interval 5s"))

  @Flag(help: "Print once.")
  var once = false

  @Option(help: ArgumentHelp("Time between two looks, such as 2s.", valueName: "duration"))
  var interval = "2s"

  @Option(help: ArgumentHelp("Volumes and objects shown at most, each.", valueName: "number"))
  var rows = 10

  @OptionGroup var format: FormatArguments
  @OptionGroup var stores: StoreArguments

  private func span() throws -> TimeSpan {
    let span = try TimeSpan.parse(interval)
    guard span >= TimeSpan(nanoseconds: 200_000_000) else {
      throw ProgramError(.usage, "invalid --interval '\(interval)'", hint: "give at least 200ms")
    }
    return span
  }

  mutating func validate() throws {
    _ = try span()
    guard !(1...1000).contains(rows) else { return }
    throw ProgramError(.usage, "invalid --rows \(rows)", hint: "give a number, 1 to 1000")
  }

  var endsBySignal: Bool { true }

  mutating func run(_ context: CommandContext) async throws {
    let isLive = !once && format.output == .table && context.writesToTerminal()
    var last = try await StoreActivity(StoreTargets(stores, context), rows: rows)
    guard isLive else {
      context.print(PrintableActivity(now: last, before: nil), format.output)
      for note in last.notes { context.note("not shown: \(note)") }
      return
    }
    let span = try span()
    // The other screen of the terminal, so that what was there comes back.
    context.output("\u{1B}[?1049h\u{1B}[?25l")
    defer { context.output("\u{1B}[?25h\u{1B}[?1049l") }
    var before: StoreActivity?
    while !Task.isCancelled {
      let data = PrintableActivity(now: last, before: before)
      context.output("\u{1B}[H\u{1B}[J\(data.table(context.outputPalette))")
      for note in last.notes { context.output("not shown: \(note.onOneLine)\n") }
      do { try await Task.sleep(for: span.duration) } catch { return }
      before = last
      do {
        // Stores may have come and gone.
        last = try await StoreActivity(StoreTargets(stores, context), rows: rows)
      } catch is CancellationError {
        return
      } catch {
        guard let told = CommandError(told: error)?.error else { throw error }
        last.notes = [told.description]
      }
    }
  }
}

/// Contents of stores at one moment.
struct StoreActivity: Sendable {
  let time: UInt64
  let stores: [PrintableStores.Entry]
  let volumes: [ListedVolume]
  /// The largest objects.
  let objects: [ListedObject]
  var notes: [String]

  /// Asks the stores.
  ///
  /// - Throws: `ProgramError` when no store answers.
  init(_ targets: StoreTargets, rows: Int) async throws {
    async let claimed = targets.claims()
    var asked = ObjectQuestion()
    asked.order = .bytes
    asked.limit = rows
    let question = asked
    let answers = try await targets.each { (access, _) in
      var survey = try StoreSurvey(access)
      let found = try survey.objects(question)
      return (survey: survey, entries: found.entries)
    }
    let claims = try await claimed
    time = monotonicNanoseconds()
    stores = answers.found.map { .init(survey: $0.answer.survey, origin: $0.origin) }
    volumes = answers.found.flatMap { origin, answer in
      answer.survey.volumes.map { record in
        ListedVolume(
          record: record, origin: origin, claimed: claims?.claim(cluster: origin.cluster, volume: record.id))
      }
    }.sorted { $0.record.used > $1.record.used }
    var seen: Set<String> = []
    let listed = answers.found.flatMap { origin, answer in
      answer.entries.compactMap { entry -> ListedObject? in
        let place = answer.survey.isShared ? "" : origin.label
        guard seen.insert("\(place)/\(entry.object.id)").inserted else { return nil }
        var object = ListedObject(entry: entry, origin: origin)
        object.node = origin.node
        return object
      }
    }
    objects = Array(listed.sorted { $0.entry.bytes ?? 0 > $1.entry.bytes ?? 0 }.prefix(rows))
    notes = targets.notes + answers.notes + answers.found.flatMap(\.answer.survey.notes)
    self.rows = rows
  }

  let rows: Int

  /// Seconds since an earlier look.
  func seconds(since before: StoreActivity) -> Double { max(0.001, Double(time - before.time) / 1e9) }
}

/// Stores, volumes and objects, and how they have changed since an earlier look.
struct PrintableActivity: PrintableData {
  let now: StoreActivity
  let before: StoreActivity?

  /// Change of a number in each second; nil without an earlier look.
  private func rate(_ value: UInt64?, _ earlier: UInt64?) -> Double? {
    guard let before, let value, let earlier else { return nil }
    return (Double(value) - Double(earlier)) / now.seconds(since: before)
  }

  private func rate(_ entry: PrintableStores.Entry) -> Double? {
    rate(entry.used, before?.stores.first { $0.origin == entry.origin }?.used)
  }

  private func rate(_ volume: ListedVolume) -> Double? {
    let earlier = before?.volumes.first { $0.origin == volume.origin && $0.record.id == volume.record.id }
    return rate(volume.record.used, earlier?.record.used)
  }

  private func text(_ rate: Double?) -> String {
    guard let rate else { return "" }
    if abs(rate) < 1 { return "0" }
    return "\(rate < 0 ? "-" : "+")\(ByteSize(bytes: UInt64(min(abs(rate), 1e18))))/s"
  }

  func table(_ palette: Palette) -> String {
    var stores = Table("store", "node", "used", "limit", "%", "change", "volumes", "clients", "waiting")
    for entry in now.stores {
      let share = entry.limit.flatMap { limit in entry.used.map { limit > 0 ? Double($0) / Double(limit) * 100 : 0 } }
      let percent = share.map { "\(Int($0.rounded()))" } ?? ""
      stores.add(
        entry.origin.label, entry.node.printable(40), entry.used.map { "\(ByteSize(bytes: $0))" } ?? "",
        entry.limit.map { "\(ByteSize(bytes: $0))" } ?? "",
        share ?? 0 > 90 ? palette.paint(percent, .red) : percent, text(rate(entry)), "\(entry.survey.volumes.count)",
        "\(entry.clients)", "\(entry.survey.status["deferred_requests"]?.int ?? 0)")
    }
    var volumes = Table("volume", "claim", "pods", "node", "used", "quota", "change", "objects", "clients")
    for volume in now.volumes.prefix(now.rows) {
      volumes.add(
        volume.record.id, volume.claim, volume.pods.shortList, volume.origin.node,
        "\(ByteSize(bytes: volume.record.used))",
        volume.record.limit.map { "\(ByteSize(bytes: $0))" } ?? "none", text(rate(volume)), "\(volume.record.objects)",
        "\(volume.record.connections)")
    }
    let objects = PrintableEntries(objects: now.objects, now: unixMilliseconds()).table(palette)
    let optional: Set = ["claim", "pods", "node", "change"]
    let more = now.volumes.count > now.rows ? "… and \(now.volumes.count - now.rows) more volumes\n" : ""
    return stores.withoutEmpty(["change", "node"]).text
      + (now.volumes.isEmpty ? "" : "\n\(volumes.withoutEmpty(optional).text)\(more)")
      + (now.objects.isEmpty ? "" : "\n\(objects)")
  }

  var value: Value {
    [
      "stores": PrintableStores(entries: now.stores).value,
      "volumes": PrintableVolumes(volumes: now.volumes, now: 0).value,
      "objects": .array(
        now.objects.map { object in
          var value = object.summary(0)
          value["id"] = .string("\(object.id)")
          value["typename"] = .string(object.entry.object.typename)
          return value
        }),
    ]
  }

  var names: [String] { now.stores.map(\.origin.label) }
}
