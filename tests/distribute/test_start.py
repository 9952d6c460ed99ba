"""What a web process loads."""

import os
import subprocess
import sys

CODE = """
import sys, django
django.setup()
import headwater.urls, headwater.wsgi, headwater.distribute.jobs
sys.exit("numba was loaded" if "numba" in sys.modules else 0)
"""


def test_the_web_never_loads_the_compiler_of_the_matcher() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "headwater.settings"}
    answer = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
