"""The register of everything installed."""
