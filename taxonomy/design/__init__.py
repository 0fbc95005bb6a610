"""A network on paper: its blocks, its specification, what it costs, and a search; without torch."""
