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
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .target(name: "CLinux"),
    .target(name: "CCurl"),
    .systemLibrary(name: "CLibYAML", providers: [.apt(["libyaml-dev"])]),
    .target(name: "JSON", swiftSettings: strict),
    .target(
      name: "Support", dependencies: ["CLinux", .product(name: "Logging", package: "swift-log")], swiftSettings: strict),
    .target(
      name: "Coordination",
      dependencies: [
        "Support",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .target(name: "StoreProtocol", dependencies: ["JSON"], swiftSettings: strict),
    .target(
      name: "StoreCore",
      dependencies: ["JSON", "StoreProtocol", .product(name: "DequeModule", package: "swift-collections")],
      swiftSettings: strict),
    .target(name: "MetadataBackend", dependencies: ["StoreCore", "StoreProtocol"], swiftSettings: strict),
    .target(name: "SharedMemory", dependencies: ["CLinux"], swiftSettings: strict),
    .target(
      name: "StoreClient", dependencies: ["CLinux", "StoreProtocol", "Support"], swiftSettings: strict),
    .target(
      name: "HTTPEndpoint",
      dependencies: [
        "Support",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .target(
      name: "StoreServer",
      dependencies: [
        "CLinux", "HTTPEndpoint", "JSON", "MetadataBackend", "SharedMemory", "StoreClient", "StoreCore",
        "StoreProtocol", "Support",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: strict),
    .target(
      name: "Documents",
      dependencies: ["CLibYAML", "JSON", .product(name: "OrderedCollections", package: "swift-collections")],
      swiftSettings: strict),
    .target(
      name: "KubernetesObjects",
      dependencies: ["Documents", "Support", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    .target(name: "Analysis", dependencies: ["Documents", "KubernetesObjects", "Support"], swiftSettings: strict),
    .target(
      name: "KubernetesClient",
      dependencies: [
        "CCurl", "CLinux", "Coordination", "Documents", "KubernetesObjects", "Support",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    // Sources/Manifests/Files is the folder manifests/.
    .target(
      name: "Manifests", dependencies: ["Documents", "KubernetesObjects", "Support"],
      resources: [.embedInCode("Files")], swiftSettings: strict),
    .target(
      name: "ClusterInventory",
      dependencies: [
        "Coordination", "KubernetesClient", "KubernetesObjects", "Manifests", "Support",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "Inspection",
      dependencies: ["Documents", "JSON", "StoreClient", "StoreProtocol", "Support"],
      swiftSettings: strict),
    .target(
      name: "Deployer",
      dependencies: [
        "ClusterInventory", "Coordination", "Inspection", "KubernetesClient", "KubernetesObjects", "Manifests",
        "StoreProtocol", "Support",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "Operator",
      dependencies: [
        "ClusterInventory", "Coordination", "EtcdClient", "HTTPEndpoint", "KubernetesClient", "KubernetesObjects",
        "Manifests", "Support",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    // Generated code: warnings are its generator's.
    .target(
      name: "CSIProtocol",
      dependencies: [
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      ],
      exclude: ["csi.proto"], swiftSettings: [.swiftLanguageMode(.v6)]),
    .target(
      name: "EtcdProtocol",
      dependencies: [
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      ],
      exclude: ["etcd.proto"], swiftSettings: [.swiftLanguageMode(.v6)]),
    .target(
      name: "EtcdClient",
      dependencies: [
        "Coordination", "EtcdProtocol", "Support",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: strict),
    .target(
      name: "EtcdMetadata",
      dependencies: [
        "Coordination", "EtcdClient", "JSON", "MetadataBackend", "StoreCore", "StoreProtocol", "Support",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .target(
      name: "CSIDriver",
      dependencies: [
        "CLinux", "CSIProtocol", "Coordination", "Documents", "HTTPEndpoint", "JSON", "KubernetesClient",
        "KubernetesObjects", "StoreClient", "StoreProtocol", "Support",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .target(
      name: "Commands",
      dependencies: [
        "Analysis", "CLinux", "CSIDriver", "ClusterInventory", "Coordination", "Deployer", "Documents", "EtcdClient",
        "EtcdMetadata", "HTTPEndpoint", "Inspection", "KubernetesClient", "KubernetesObjects", "Manifests", "Operator",
        "SharedMemory", "StoreClient", "StoreCore", "StoreProtocol", "StoreServer", "Support",
        .product(name: "OrderedCollections", package: "swift-collections"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "vineyardctl", dependencies: ["Commands"], swiftSettings: strict),
    .executableTarget(
      name: "wire-load", dependencies: ["CLinux", "StoreClient", "Support"], swiftSettings: strict),
    .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: strict),
    .target(name: "GoldenRecords", dependencies: ["Support"], path: "Tests/GoldenRecords", swiftSettings: strict),
    .testTarget(
      name: "CSIDriverTests",
      dependencies: [
        "CSIDriver", "CSIProtocol", "JSON", "KubernetesObjects", "SharedMemory", "StoreClient", "StoreCore",
        "StoreProtocol", "StoreServer", "Support",
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EtcdMetadataTests",
      dependencies: [
        "EtcdClient", "EtcdMetadata", "JSON", "MetadataBackend", "SeededRandom", "StoreCore", "StoreProtocol",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ClusterSimulationTests",
      dependencies: [
        "EtcdClient", "EtcdMetadata", "JSON", "MetadataBackend", "SeededRandom", "StoreCore", "StoreProtocol",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EtcdClientTests",
      dependencies: [
        "CLinux", "EtcdClient", "EtcdProtocol", "Support",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRPCCore", package: "grpc-swift-2"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "X509", package: "swift-certificates"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "DeployerTests",
      dependencies: ["ClusterInventory", "Deployer", "KubernetesClient", "KubernetesObjects", "Support"],
      swiftSettings: strict),
    .testTarget(
      name: "InspectionTests", dependencies: ["Documents", "Inspection", "StoreProtocol", "Support"],
      swiftSettings: strict),
    .testTarget(
      name: "KubernetesObjectsTests", dependencies: ["KubernetesObjects", "Support"], swiftSettings: strict),
    .testTarget(
      name: "ClusterInventoryTests",
      dependencies: ["ClusterInventory", "KubernetesClient", "KubernetesObjects", "Manifests", "Support"],
      swiftSettings: strict),
    .testTarget(
      name: "SupportTests", dependencies: ["Support", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
    .testTarget(
      name: "CoordinationTests",
      dependencies: [
        "Coordination", "Support", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "AnalysisTests", dependencies: ["Analysis", "Documents", "GoldenRecords", "Support"],
      exclude: ["Files", "Golden"],
      swiftSettings: strict),
    .testTarget(name: "DocumentsTests", dependencies: ["Documents"], swiftSettings: strict),
    .testTarget(
      name: "KubernetesClientTests",
      dependencies: [
        "CLinux", "Coordination", "Documents", "KubernetesClient", "KubernetesObjects", "Support",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(name: "StoreProtocolTests", dependencies: ["JSON", "StoreProtocol"], swiftSettings: strict),
    .testTarget(
      name: "StoreCoreTests",
      dependencies: ["JSON", "MetadataBackend", "SeededRandom", "StoreCore", "StoreProtocol"],
      swiftSettings: strict),
    .testTarget(name: "SharedMemoryTests", dependencies: ["CLinux", "SharedMemory"], swiftSettings: strict),
    .testTarget(
      name: "CommandsTests",
      dependencies: [
        "CLinux", "Commands", "Documents", "EtcdClient", "EtcdMetadata", "GoldenRecords", "KubernetesClient",
        "KubernetesObjects", "Manifests", "SharedMemory", "StoreCore", "StoreProtocol", "StoreServer", "Support",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Golden"], swiftSettings: strict),
    .testTarget(
      name: "ManifestsTests",
      dependencies: [
        "Documents", "GoldenRecords", "KubernetesObjects", "Manifests", "SeededRandom", "Support",
      ],
      exclude: ["Golden"], swiftSettings: strict),
    .testTarget(
      name: "OperatorTests",
      dependencies: [
        "ClusterInventory", "Coordination", "EtcdClient", "HTTPEndpoint", "KubernetesClient", "KubernetesObjects",
        "Manifests", "Operator", "SeededRandom", "Support",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "StoreServerTests",
      dependencies: [
        "HTTPEndpoint", "JSON", "SeededRandom", "SharedMemory", "StoreClient", "StoreCore", "StoreProtocol",
        "StoreServer",
        "Support",
        .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
  ]
)
