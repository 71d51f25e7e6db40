import Documents

/// Objects written as YAML.
func object(_ yaml: String) throws -> KubernetesObject { KubernetesObject(try Value(yaml: yaml)) }
