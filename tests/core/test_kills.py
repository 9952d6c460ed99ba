"""Twenty random kills while knowledge is gathered, sent and acknowledged: nothing is lost, and nothing comes twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_twenty_kills_lose_nothing_and_double_nothing() -> None:
    environment = dict(os.environ) | {"KILLS": "20", "SEED": "7", "PYTHONPATH": f"{CHECKOUT / 'src'}"}
    answer = subprocess.run(
        [sys.executable, "-m", "bench", "kills"],
        check=False,
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    figures = {figure["name"]: figure for figure in map(json.loads, answer.stdout.splitlines())}
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert figures["kills"]["value"] == 20
    assert all(figures[name]["value"] == 0 for name in ("kills_lost", "kills_twice", "kills_mail_under_another_id"))
