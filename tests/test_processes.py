"""What tests start ends with them, also where `--parallel` runs them."""

from __future__ import annotations

from django.test import SimpleTestCase, tag

from tests.programs import run_python
from tests.support.processes import ROOT

PROCESSES = """
import multiprocessing
from tests.support.processes import at_exit

def work():
    at_exit(lambda: print("The child has tidied up.", flush=True))

at_exit(lambda: print("So has the parent.", flush=True))
child = multiprocessing.get_context("fork").Process(target=work)
child.start()
child.join()
"""


@tag("machine")
class AtExitTests(SimpleTestCase):
    def test_parent_and_child(self) -> None:
        done = run_python("-c", PROCESSES, PYTHONPATH=f"{ROOT / 'example_project'}:{ROOT}")
        assert done.stdout == "The child has tidied up.\nSo has the parent.\n", done.stderr
