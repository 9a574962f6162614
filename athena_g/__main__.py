"""``python -m athena_g`` is ``athena-g``."""

import sys

from athena_g.cli import main

sys.exit(main())
