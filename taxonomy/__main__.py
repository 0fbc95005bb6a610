"""Lets ``python -m taxonomy`` run the command."""

import sys

from taxonomy.cli import main

sys.exit(main())
