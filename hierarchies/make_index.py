"""Write ``index.toml``: the files that the wheel ships, with the sha256 of each.

Run it after changing a shipped file: ``python hierarchies/make_index.py``.
"""

from __future__ import annotations

from pathlib import Path

from taxonomy._core.io import file_digest, write_text

SHIPPED = (
    "icons/labels.csv",
    "icons/icons.npz",
    "icons/tasks.json",
    "icons/llm-*.jsonl.xz",
    "icons/trees/*.json",
    "icons/networks/*",
    "cifar-10/labels.csv",
    "cifar-100/labels.csv",
    "cifar-100/llm-*.jsonl.xz",
    "imagenet-1k/labels.csv",
    "imagenet-21k/labels.csv.gz",
    "wordnet/nouns.npz",
    "wordnet/brown.npz",
    "wordnet/LICENSE",
)


def main() -> None:
    """Digest every file that a pattern of `SHIPPED` names."""
    root = Path(__file__).parent
    lines = ["# What the wheel ships, with sha256; written by make_index.py.", "[files]"]
    for pattern in SHIPPED:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            lines.append(f'"{name}" = "{file_digest(path)}"')
    write_text(root / "index.toml", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
