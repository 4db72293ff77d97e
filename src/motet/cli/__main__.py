"""`python -m motet.cli`: how `motet up` starts its processes, whatever is on the PATH."""

from __future__ import annotations

import sys

from motet.cli.main import main

sys.exit(main())
