// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "vineyardctl",
  products: [
    .executable(name: "vineyardctl", targets: ["vineyardctl"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  ],
  targets: [
    .target(name: "CLinux"),
    .target(name: "Support", dependencies: ["CLinux"], swiftSettings: strict),
    .target(name: "StoreProtocol", swiftSettings: strict),
    .target(name: "StoreCore", dependencies: ["StoreProtocol"], swiftSettings: strict),
    .target(name: "SharedMemory", dependencies: ["CLinux"], swiftSettings: strict),
    .target(name: "StoreClient", dependencies: ["CLinux", "StoreProtocol", "Support"], swiftSettings: strict),
    .target(
      name: "StoreServer",
      dependencies: [
        "CLinux", "StoreProtocol", "StoreCore", "SharedMemory", "Support",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .target(
      name: "Commands",
      dependencies: [
        "StoreServer", "StoreCore", "SharedMemory", "Support",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "vineyardctl", dependencies: ["Commands"], swiftSettings: strict),
    .executableTarget(
      name: "wire-load", dependencies: ["CLinux", "StoreClient", "Support"], swiftSettings: strict),
    .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: strict),
    .testTarget(name: "SupportTests", dependencies: ["Support"], swiftSettings: strict),
    .testTarget(name: "StoreProtocolTests", dependencies: ["StoreProtocol"], swiftSettings: strict),
    .testTarget(
      name: "StoreCoreTests", dependencies: ["SeededRandom", "StoreCore", "StoreProtocol"], swiftSettings: strict),
    .testTarget(name: "SharedMemoryTests", dependencies: ["SharedMemory"], swiftSettings: strict),
    .testTarget(
      name: "CommandsTests", dependencies: ["Commands", "Support"], exclude: ["Golden"], swiftSettings: strict),
    .testTarget(
      name: "StoreServerTests",
      dependencies: ["SeededRandom", "StoreServer", "StoreClient", "StoreProtocol", "SharedMemory", "Support"],
      swiftSettings: strict),
  ]
)
