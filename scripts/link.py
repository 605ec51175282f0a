"""Makes this checkout importable and gives it the `ugc` command, without building a package."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

(Path(sysconfig.get_paths()["purelib"]) / "boca.pth").write_text(f"{ROOT}\n", encoding="utf-8")
command = Path(sys.executable).parent / "ugc"
# A shell line, because a #! line takes no path with a space.
command.write_text(
    '#!/bin/sh\nexec "$(dirname "$0")/python" -c "from ugc.cli.main import main; main()" "$@"\n',
    encoding="utf-8",
)
command.chmod(0o755)
