"""Writing what a study found: files whole or not at all, with versions, time and machine.

>>> sorted(versions("numpy"))
['numpy', 'taxonomy-experts']
"""

from taxonomy._core.io import read_json, stamp, versions, write_json, write_text
from taxonomy._core.shipped import path as shipped_path

__all__ = ["read_json", "shipped_path", "stamp", "versions", "write_json", "write_text"]
