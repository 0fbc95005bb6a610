"""The coverage-guided fuzzer on the readers of strangers' files; ``make fuzz`` runs it.

python -m tests.support.fuzz SECONDS [READER ...]

Each reader is fuzzed in a process of its own, for its share of the time, from the valid files of
`tests.support.readers` and a few hundred changed ones. What is neither read nor refused within the
limits ends the run, and its bytes are kept in the folder that is named.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import mkdtemp

READERS = (
    "hierarchy",
    "labels as CSV",
    "similarity, dense",
    "similarity as CSV",
    "network",
)
"""Those of files that strangers send."""

CHANGED = 300
"""Changed files that the fuzzer begins with."""


def fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Fuzz one reader until the time is over; the process ends with it, or at the first fault."""
    import atheris

    with atheris.instrument_imports(include=["taxonomy", "json", "zipfile", "csv"]):
        from taxonomy._core.errors import TaxonomyError
        from tests.support.hostile import again, files, read_or_refused
        from tests.support.readers import LARGEST, READERS
    import torch

    torch.set_num_threads(1)
    logging.disable()
    reader = next(reader for reader in READERS if reader.name == name)
    corpus.mkdir(parents=True, exist_ok=True)
    with files(reader) as (seeds, path, written):
        begin = [*seeds, *(reader.mutant(number, seeds) for number in range(CHANGED))]
        for number, data in enumerate(begin):
            (corpus / f"{number}").write_bytes(data[:LARGEST])

        def one(data: bytes) -> None:
            path.write_bytes(data)
            found = read_or_refused(reader, path)
            if not isinstance(found, TaxonomyError):
                again(reader, found, written)

        def change(data: bytes, most: int, seed: int) -> bytes:
            """Change what is in a file as often as its bytes."""
            random = Random(seed)
            with contextlib.suppress(Exception):  # what was broken before is changed as bytes
                if random.random() < 0.5 and len(new := reader.change(data, random)) <= most:
                    return new
            return bytes(atheris.Mutate(data, most))

        # Slow and large inputs are told by what is asserted of them, not by the fuzzer's own guess.
        limits = [
            f"-max_total_time={seconds}",
            f"-max_len={1 << 16}",
            "-rss_limit_mb=0",
            "-timeout=600",  # of the clock: what hangs, not what waits for a busy machine
            "-report_slow_units=600",
        ]
        options = [sys.argv[0], str(corpus), *limits, f"-artifact_prefix={corpus.parent}/fault-"]
        atheris.Setup([*options, "-print_final_stats=1"], one, custom_mutator=change)
        atheris.Fuzz()


def main() -> int:
    """Fuzz the readers one after the other; return how many had a fault."""
    seconds, *names = sys.argv[1:]
    if folder := os.environ.get(FOLDER):
        fuzz(names[0], int(seconds), Path(folder) / "corpus")
        return 0
    faults = 0
    chosen = names or READERS
    share = str(max(1, int(seconds) // len(chosen)))
    for name in chosen:
        folder = mkdtemp(prefix="taxonomy-fuzz-")
        sys.stdout.write(f"{name}, {share} s, in {folder}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "tests.support.fuzz", share, name]
        done = subprocess.run(command, env={**os.environ, FOLDER: folder}, check=False)
        faults += done.returncode != 0
        if not done.returncode:
            shutil.rmtree(folder)
    return faults


FOLDER = "TAXONOMY_FUZZ"
"""The environment variable that names a child's folder."""


if __name__ == "__main__":
    sys.exit(bool(main()))
