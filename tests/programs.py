"""Python programs that tests run to their end, with every warning an error."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.processes import ROOT

LIMIT = 60.0  # seconds


def run_python(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python as in a fresh shell: in the root of the project, on a database in memory."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": "sqlite:///:memory:"} | env,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def manage(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the example's manage.py."""
    return run_python("example_project/manage.py", *arguments, **env)
