"""What importing the package costs: neither the SDK nor the tokenizer nor anything for tests."""

from __future__ import annotations

import json

from django.test import SimpleTestCase, tag

from tests.programs import run_python

HEAVY = {"openai", "httpx2", "tiktoken", "aiohttp", "pydantic", "requests"}
PRINT_MODULES = "import sys, json; print(json.dumps(sorted(sys.modules)))"


def modules_after(code: str, **env: str) -> set[str]:
    done = run_python("-c", f"{code}\n{PRINT_MODULES}", **env)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@tag("machine")
class ImportTests(SimpleTestCase):
    def assert_light(self, modules: set[str]) -> None:
        assert "mindwave_django.api" in modules
        roots = {module.partition(".")[0] for module in modules}
        assert not roots & HEAVY
        assert "tests" not in roots
        assert "mindwave_django.testing" not in modules

    def test_import_needs_no_settings_and_is_light(self) -> None:
        self.assert_light(modules_after("import mindwave_django", DJANGO_SETTINGS_MODULE=""))

    def test_start_of_a_project_is_light(self) -> None:
        code = "import sys; sys.path.insert(0, 'example_project'); import django; django.setup()"
        modules = modules_after(code, DJANGO_SETTINGS_MODULE="example.settings")
        self.assert_light(modules)

    def test_views_and_checks_are_light(self) -> None:
        code = (
            "import sys; sys.path.insert(0, 'example_project'); import django; django.setup()\n"
            "import mindwave_django.urls\n"
            "from django.core.checks import run_checks; run_checks()"
        )
        env = {"DJANGO_SETTINGS_MODULE": "example.settings", "MINDWAVE_DRIVER": "openai"}
        modules = modules_after(code, OPENAI_API_KEY="unused", **env)
        assert "mindwave_django.drivers.openai" in modules
        self.assert_light(modules)

    def test_every_module_can_be_imported_without_warnings(self) -> None:
        code = (
            "import pkgutil, importlib, mindwave_django\n"
            "import sys; sys.path.insert(0, 'example_project'); import django; django.setup()\n"
            "for m in pkgutil.walk_packages(mindwave_django.__path__, 'mindwave_django.'):\n"
            "    importlib.import_module(m.name)"
        )
        settings = {"DJANGO_SETTINGS_MODULE": "example.settings"}
        assert "mindwave_django.views.direct" in modules_after(code, **settings)
