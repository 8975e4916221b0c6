"""`python -m benchmarks [NAME... [OPTION...]]`: runs benchmarks one after the other; each prints a table.

No name: those of speed that need nothing but this machine. Options go to every benchmark that is named.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SCRIPTS = (
    *("speed", "engines", "hub", "stores", "memory", "delivery"),
    *("quality", "spikes", "alerts", "topics", "evidence"),
)
USUAL = ("speed", "stores")


def machine() -> str:
    """What the figures were measured on."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}; load at start {load}"


def main(words: list[str]) -> int:
    """Exit code of the last one that failed, else 0."""
    first = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    names, options = words[:first], words[first:]
    unknown = [name for name in names if name not in SCRIPTS]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}: they are {', '.join(SCRIPTS)}", file=sys.stderr)
        return 2
    print(f"# {machine()}", flush=True)
    code = 0
    for name in names or USUAL:
        script = FOLDER / f"{name}.py"
        if not script.exists():
            continue
        print(f"\n## {name}: {' '.join(['python', f'benchmarks/{name}.py', *options])}\n", flush=True)
        code = subprocess.run([sys.executable, str(script), *options], check=False).returncode or code
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
