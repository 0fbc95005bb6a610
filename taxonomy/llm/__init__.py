"""Asking a language model about classes: priced before, stored once, checked, replayable.

`Settings` says which model and how; `Settings.asker` gives an `Asker`, through which the strategies
of `scoring`, `grouping` and `describing` ask. Only `client` and `batch` import openai.
"""

from __future__ import annotations

from taxonomy.llm.asker import Asker
from taxonomy.llm.settings import Plan, Settings, plan
from taxonomy.llm.store import Store

__all__ = ["Asker", "Plan", "Settings", "Store", "plan"]
