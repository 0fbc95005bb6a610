"""Studies: series of trainings that are compared, and the demonstration."""
