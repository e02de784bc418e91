"""What the example shows: one page for each way to read a stream, with the files it is made of."""

from __future__ import annotations

from typing import NamedTuple

from chat.sources import Source, read_source

STATIC, TEMPLATES = "chat/static/chat", "chat/templates/chat"


class Demo(NamedTuple):
    """A page of the example. `name` is its URL's, `files` are paths in the example project."""

    name: str
    title: str
    mark: str
    summary: str
    needs: str
    files: tuple[str, ...] = ()

    @property
    def sources(self) -> list[Source]:
        return [read_source(path) for path in self.files]

    @property
    def lines(self) -> int:
        """How much code it takes; the view that all of them share is not counted."""
        return sum(source.lines for source in self.sources if not source.path.endswith(".py"))


DEMOS = [
    Demo(
        "widget",
        "Widget",
        "{% %}",
        "A finished chat from one template tag: conversations that are kept, Markdown, stop, edit, "
        "ask again, figures.",
        "no build step",
        (f"{TEMPLATES}/widget.html", "chat/views.py"),
    ),
    Demo(
        "page",
        "EventSource",
        "data:",
        "What every browser has built in, and nothing else. It reconnects by itself and says how "
        "far it has read.",
        "no build step",
        (f"{STATIC}/page.js", f"{TEMPLATES}/page.html", "chat/views.py"),
    ),
    Demo(
        "vanilla",
        "Browser client",
        ".js",
        "The client of this package in a page without a framework: retries, errors in words, a "
        "stop button.",
        "no build step",
        (f"{STATIC}/vanilla.js", f"{TEMPLATES}/vanilla.html", "chat/views.py"),
    ),
    Demo(
        "alpine",
        "Alpine.js",
        "x-data",
        "The same client behind attributes in a Django template, with the build of Alpine that "
        "needs no eval.",
        "no build step",
        (f"{STATIC}/alpine.js", f"{TEMPLATES}/alpine.html", "chat/views.py"),
    ),
    Demo(
        "vue",
        "Vue 3",
        ".vue",
        "A single-file component with the Composition API and TypeScript. It closes its stream "
        "when it is unmounted.",
        "npm run build",
        ("frontends/vue/MindwaveChat.vue", "frontends/vue/main.ts", f"{TEMPLATES}/vue.html"),
    ),
    Demo(
        "react",
        "React",
        ".tsx",
        "A component and its hook in TypeScript. Enter sends, Shift+Enter begins a new line.",
        "npm run build",
        ("frontends/react/MindwaveChat.tsx", "frontends/react/main.tsx", f"{TEMPLATES}/react.html"),
    ),
    Demo(
        "admin:index",
        "Admin",
        "/admin",
        "Conversations as dialogues, what was used, by whom, and what it cost.",
        "manage.py createsuperuser",
    ),
]
