"""WordNet 3.0's noun graph: shipped data, look-ups and similarity measures, with numpy alone."""

from taxonomy.wordnet.graph import NounGraph

__all__ = ["NounGraph"]
