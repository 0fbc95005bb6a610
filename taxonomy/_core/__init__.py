"""What every room stands on: errors, files, registries, shipped data."""
