"""Studies: the resumable runner, cost-accuracy curves, and the demonstration."""
