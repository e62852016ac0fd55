"""The conformance kit: what every plugin, and the framework itself, must show; and small material to show it on."""
