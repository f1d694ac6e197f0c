"""What processes that a benchmark starts find around them."""

import os
from pathlib import Path


def child_environment(directory: Path) -> dict[str, str]:
    """Ours, without anybody's settings of Unheard, and with temporary files under ``directory``."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("UNHEARD_")}
    return own | {"TMPDIR": str(directory)}
