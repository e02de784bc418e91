"""axe-core over a page: its rules find what keeps people with disabilities out."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILE = ROOT / "tests" / "node_modules" / "axe-core" / "axe.min.js"

# All rules that axe has switched on, best practices among them, and those of WCAG 2.2 AA that it
# has not. What moves only for a moment is waited for: colours in between are nobody's colours.
RUN = """async (onlyColours) => {
  const hosts = [...document.querySelectorAll("*")].filter((it) => it.shadowRoot);
  const moving = [document, ...hosts.map((it) => it.shadowRoot)]
    .flatMap((root) => root.getAnimations())
    .filter((it) => Number.isFinite(it.effect.getComputedTiming().endTime));
  await Promise.allSettled(moving.map((it) => it.finished));
  const more = axe.getRules(["wcag22aa"]).map(({ ruleId }) => [ruleId, { enabled: true }]);
  const rules = onlyColours
    ? { runOnly: ["color-contrast", "link-in-text-block"] }
    : { rules: Object.fromEntries(more) };
  const options = { ...rules, resultTypes: ["violations"] };
  const { violations, passes } = await axe.run(document, options);
  // A path through shadow trees is a list within the list of frames.
  const seen = passes.flatMap(({ nodes }) => nodes.flatMap(({ target }) => target));
  return { violations, sawShadow: seen.some(Array.isArray) };
}"""


def axe_source() -> str:
    """Return axe's script; skip, saying what to install, if it is missing."""
    if not FILE.exists():
        raise unittest.SkipTest("axe-core is missing: npm install --prefix tests")
    return FILE.read_text()


def check(page: Page, *, has_widget: bool = True, only_colours: bool = False) -> list[str]:
    """Return what axe holds against a page that began with its script, one text for each node."""
    results: dict[str, Any] = page.evaluate(RUN, only_colours)
    assert results["sawShadow"] or only_colours or not has_widget, (
        "axe has not looked into the widget."
    )
    return [
        f"{rule['id']}: {rule['help']}\n  at {_place(node['target'])}\n  {node['html'][:300]}\n"
        f"  {node['failureSummary']}"
        for rule in results["violations"]
        for node in rule["nodes"]
    ]


def _place(target: list[Any]) -> str:
    return " ".join(" >>> ".join(step) if isinstance(step, list) else step for step in target)
