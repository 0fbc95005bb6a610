"""Asking a language model about classes: priced before, stored once, checked, replayable.

`Settings` are the options of every use of a model; `Asking` extends them to what asks about a label
set: a source, a builder, the senses of names. The strategies of `scoring`, `grouping`, `describing`
and `sensing` ask through an `Asker`. `confirming` installs who agrees to many requests.

Only `client`, `embeddings` and `batch` use openai.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names

if TYPE_CHECKING:
    from taxonomy.llm.asker import Asker
    from taxonomy.llm.asking import Asking
    from taxonomy.llm.plan import Plan, confirming
    from taxonomy.llm.settings import Settings
    from taxonomy.llm.store import Store
    from taxonomy.llm.transcript import Transcript

__all__ = ["Asker", "Asking", "Plan", "Settings", "Store", "Transcript", "confirming"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Asker": "taxonomy.llm.asker",
        "Asking": "taxonomy.llm.asking",
        "Plan": "taxonomy.llm.plan",
        "Settings": "taxonomy.llm.settings",
        "Store": "taxonomy.llm.store",
        "Transcript": "taxonomy.llm.transcript",
        "confirming": "taxonomy.llm.plan",
    },
)
