"""``python -m tests.bench``: measure, and print the table. ``--quick`` only shows that everything runs."""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.bench.deliveries import count_score_requests
from tests.bench.key_sets import count_key_fetches
from tests.bench.launches import measure_launches
from tests.bench.openings import measure_openings
from tests.bench.pairing import Sizes
from tests.bench.platform import open_platform
from tests.bench.report import Report

FULL = Sizes(rounds=15, launches=50, scores=300, checks=10_000)
QUICK = Sizes(rounds=2, launches=4, scores=5, checks=100)


def measure(folder: Path, sizes: Sizes) -> Report:
    """Measure everything; ``folder`` receives databases and keys."""
    with open_platform() as platform:
        launches = measure_launches(folder, platform, sizes)
        key_sets = count_key_fetches(platform, sizes.checks)
        openings = measure_openings(folder / "openings", platform, sizes)
        scores = count_score_requests(folder, platform, sizes.scores)
    return Report(sizes, launches, openings, key_sets, scores)


def main() -> int:
    """Measure as the arguments say and print the table."""
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few launches only; its figures mean nothing")
    sizes = QUICK if parser.parse_args().quick else FULL
    if sys.platform != "linux":
        sys.stderr.write("The CPU clock of another process can be read on Linux only.\n")
        return 1
    sys.stderr.write("Measuring; this takes a moment.\n" if sizes is QUICK else "Measuring; this takes some minutes.\n")
    with tempfile.TemporaryDirectory() as folder:
        report = measure(Path(folder), sizes)
    sys.stdout.write(report.to_markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
