"""What a test tells the double, beyond the Kubernetes API."""
