"""Writes the tables of `settings.md` from `mindwave_django/conf.py`.

    python docs/settings_reference.py           writes them
    python docs/settings_reference.py --check   fails if they are out of date

A row is a setting's name, what its value has to be, its default, and the text below it in conf.py.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from mindwave_django import conf  # noqa: E402  # of this clone

PAGE = DOCS / "settings.md"
HEAD = "| Setting | Value | Default | Meaning |\n|---|---|---|---|\n"
BEGIN = "<!-- docs/settings_reference.py: {} -->\n\n"
END = "\n<!-- end -->\n"
BLOCK = re.compile(rf"{BEGIN.format('([^ ]+)')}.*?{END}", re.DOTALL)

# What a value has to be is written as in an error message: literals become code here.
LITERAL = re.compile(r"'[^']*'(?!\w)|\b(?:True|False|None|[A-Z]{2,}(?:_[A-Z]+)*)\b")


def main(arguments: list[str]) -> None:
    """Write the page, or with `--check` fail if it would change."""
    old = PAGE.read_text()
    new = BLOCK.sub(lambda found: block(found[1]), old)
    if "--check" not in arguments:
        PAGE.write_text(new)
    elif new != old:
        sys.exit("docs/settings.md is out of date: run python docs/settings_reference.py")


def block(place: str) -> str:
    """Return the table of a group, with the comments around it."""
    groups = {group.place(): group for group in conf.mindwave_settings.groups()}
    return BEGIN.format(place) + HEAD + "".join(rows(groups[place])) + END


def rows(group: conf.Group) -> Iterator[str]:
    """Yield the rows of a group: its settings, then the groups inside it."""
    texts = texts_below_settings(type(group))
    for setting in group.settings():
        if setting.name not in texts:
            sys.exit(f"{group.place(setting.name)} has no text below it in conf.py.")
        default = repr(setting.default).replace("'", '"')
        value = LITERAL.sub(r"`\g<0>`", setting.expected)
        yield f"| `{setting.name}` | {value} | `{default}` | {texts[setting.name]} |\n"
    for name, inner in vars(type(group)).items():
        if isinstance(inner, conf.Group):
            meaning, _, _ = (inspect.getdoc(inner) or "").partition(":")
            yield f"| `{name}` | a dict | | {meaning}: see [{name}](#{name.lower()}). |\n"


def texts_below_settings(cls: type[conf.Group]) -> dict[str, str]:
    """Return the text that stands below each setting of a class, on one line."""
    tree = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for statement, below in zip(tree.body, tree.body[1:], strict=False):
        match statement, below:
            case ast.Assign([ast.Name(name)]), ast.Expr(ast.Constant(str(text))):
                found[name] = " ".join(text.split())
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
