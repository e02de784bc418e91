"""What `{% mindwave_chat %}` renders."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import RequestFactory, SimpleTestCase, override_settings
from django.utils.translation import override

from mindwave_django import widget_texts as texts
from mindwave_django.forms import unsign_driver
from mindwave_django.widget import base_url, render_chat
from tests.support.processes import ROOT

STATIC = ROOT / "mindwave_django" / "static" / "mindwave_django"
TEMPLATES = ROOT / "mindwave_django" / "templates" / "mindwave_django"
DRIVER = {"BACKEND": "mindwave_django.drivers.demo.DemoDriver"}
OPEN: dict[str, Any] = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}}


class Page(HTMLParser):
    """The elements of a page, in order, each with its attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def one(self, tag: str) -> dict[str, str | None]:
        [attributes] = self.all(tag)
        return attributes


def render(tag: str = "{% mindwave_chat %}", **context: Any) -> Page:
    source = engines["django"].from_string("{% load mindwave %}" + tag)
    return Page(source.render(context, RequestFactory().get("/")))


def element(tag: str = "{% mindwave_chat %}", **context: Any) -> dict[str, str | None]:
    return render(tag, **context).one("mindwave-chat")


class ElementTests(SimpleTestCase):
    def test_shortest(self) -> None:
        page = render()
        attributes = page.one("mindwave-chat")
        assert attributes["base"] == "/mindwave/"
        assert attributes["max-length"] == "5000"
        assert attributes["csrf-cookie"] == "csrftoken"
        assert attributes["stylesheet"] == "/static/mindwave_django/chat.css"
        assert (attributes["lang"], attributes["dir"]) == ("en", "ltr")
        assert page.one("script")["src"] == "/static/mindwave_django/register.js"
        for absent in ("layout", "theme", "conversation", "driver", "height", "usage", "images"):
            assert absent not in attributes

    def test_form_works_without_a_script(self) -> None:
        page = render("{% mindwave_chat driver='default' conversation=id %}", id=uuid4())
        assert page.one("template") == {"shadowrootmode": "open"}
        form = page.one("form")
        assert (form["method"], form["action"]) == ("post", "/mindwave/messages/")
        fields = {field["name"]: field["value"] for field in page.all("input")}
        assert fields.keys() == {"csrfmiddlewaretoken", "conversation", "driver"}
        assert fields["csrfmiddlewaretoken"]
        assert fields["driver"] == page.one("mindwave-chat")["driver"]
        field = page.one("textarea")
        assert (field["name"], field["maxlength"]) == ("prompt", "5000")
        assert field["aria-label"] == "Your question"

    def test_options(self) -> None:
        conversation = uuid4()
        attributes = element(
            "{% mindwave_chat conversation=it layout='bubble' theme='dark' height='30rem'"
            " usage=True images=True conversations=False starters=starters %}",
            it=SimpleNamespace(pk=conversation),
            starters=("One?", "Two?"),
        )
        assert attributes["conversation"] == str(conversation)
        assert (attributes["layout"], attributes["theme"]) == ("bubble", "dark")
        assert attributes["height"] == "30rem"
        assert attributes["conversations"] == "off"
        assert attributes["usage"] is attributes["images"] is None  # there, without a value
        assert json.loads(attributes["starters"] or "") == ["One?", "Two?"]

    def test_figures_while_the_answer_comes(self) -> None:
        assert element("{% mindwave_chat usage='live' %}")["usage"] == "live"
        assert "usage" not in element("{% mindwave_chat usage='' %}")
        with self.assertRaisesMessage(TemplateSyntaxError, "Unknown usage 'lively'. Did you mean"):
            render("{% mindwave_chat usage='lively' %}")

    def test_words_of_the_site(self) -> None:
        page = render("{% mindwave_chat placeholder='Ask the <b>shop</b>' title='Hi \"you\"' %}")
        handed = json.loads(page.one("mindwave-chat")["texts"] or "")
        assert handed["placeholder"] == page.one("textarea")["placeholder"] == "Ask the <b>shop</b>"
        assert handed["emptyTitle"] == 'Hi "you"'

    def test_what_a_site_says_cannot_leave_its_attribute(self) -> None:
        evil = "\"><script>alert(1)</script><x y='"
        page = render(
            "{% mindwave_chat placeholder=evil title=evil height=evil starters=list %}",
            evil=evil,
            list=[evil],
        )
        assert len(page.all("script")) == 1
        assert not page.all("x")
        assert page.one("mindwave-chat")["height"] == evil

    def test_those_whom_the_rule_refuses_are_told(self) -> None:
        with override_settings(MINDWAVE={}, LOGIN_URL="/admin/login/"):
            page = render()
            assert not page.all("mindwave-chat")
            assert not page.all("script")
            assert page.one("a")["href"] == "/admin/login/?next=%2F"
            assert not render("{% mindwave_chat layout='bubble' %}").elements

    def test_no_link_to_a_page_that_is_not_there(self) -> None:
        with override_settings(MINDWAVE={}, LOGIN_URL="/accounts/login/"):
            assert not render().all("a")

    async def test_on_an_event_loop_the_views_decide(self) -> None:
        with override_settings(MINDWAVE={}):
            assert render().all("mindwave-chat")

    def test_driver_is_signed(self) -> None:
        with override_settings(MINDWAVE=OPEN | {"DRIVERS": {"default": DRIVER, "other": DRIVER}}):
            signed = element("{% mindwave_chat driver='other' %}")["driver"]
            assert signed
            assert signed != "other"
            assert unsign_driver(signed) == "other"

    def test_nothing_is_inline(self) -> None:
        for tag in ("{% mindwave_chat height='1rem' %}", "{% mindwave_chat layout='bubble' %}"):
            page = render(tag)
            names = {name for _, attributes in page.elements for name in attributes}
            assert not {name for name in names if name == "style" or name.startswith("on")}
            assert not page.all("style")
            assert all(script["src"] for script in page.all("script"))

    def test_assets_alone(self) -> None:
        page = render("{% mindwave_assets %}")
        assert page.elements == [
            ("script", {"type": "module", "src": "/static/mindwave_django/register.js"})
        ]

    @override_settings(
        CSRF_COOKIE_NAME="token",
        MINDWAVE={"CHAT": OPEN["CHAT"] | {"MAX_PROMPT_LENGTH": 7}},
    )
    def test_settings_of_the_site(self) -> None:
        page = render()
        assert page.one("mindwave-chat")["csrf-cookie"] == "token"
        assert page.one("mindwave-chat")["max-length"] == page.one("textarea")["maxlength"] == "7"


class TranslationTests(SimpleTestCase):
    def test_texts_are_those_of_the_language(self) -> None:
        with override("de"):
            attributes = element()
            handed = json.loads(attributes["texts"] or "")
            assert attributes["lang"] == "de"
            assert handed == texts.widget_texts()

    def test_right_to_left(self) -> None:
        with override("ar"):
            assert element()["dir"] == "rtl"

    def test_every_text_is_used_and_every_used_text_exists(self) -> None:
        scripts = "".join(path.read_text() for path in (STATIC / "chat").glob("*.js"))
        templates = "".join(path.read_text() for path in TEMPLATES.glob("chat*.html"))
        known = texts.widget_texts().keys()
        used = set(re.findall(r"texts\.(\w+)", scripts + templates)) - {"js"}
        assert used <= known, used - known
        for name in known:
            with self.subTest(name):
                assert re.search(rf"\b{name}\b", scripts + templates)

    def test_placeholders_are_those_that_scripts_fill_in(self) -> None:
        found = set(re.findall(r"\{(\w+)\}", "".join(texts.widget_texts().values())))
        assert found == {"seconds", "count", "status"}


class MistakeTests(SimpleTestCase):
    def assert_refused(self, tag: str, *words: str, **context: Any) -> None:
        with self.assertRaises(TemplateSyntaxError) as caught:
            render(tag, **context)
        for word in words:
            assert word in str(caught.exception), str(caught.exception)

    def test_unknown_driver(self) -> None:
        self.assert_refused(
            "{% mindwave_chat driver='defualt' %}",
            "Unknown driver 'defualt'",
            "Did you mean 'default'?",
        )

    def test_unknown_layout_and_theme(self) -> None:
        self.assert_refused("{% mindwave_chat layout='bubbel' %}", "'bubbel'", "bubble, inline")
        self.assert_refused("{% mindwave_chat theme='drak' %}", "'drak'", "auto, dark, light")

    def test_unknown_option(self) -> None:
        self.assert_refused("{% mindwave_chat hight='1rem' %}", "'hight'", "'height'")

    def test_what_is_no_conversation(self) -> None:
        self.assert_refused("{% mindwave_chat conversation=7 %}", "conversation should be", "7")

    def test_no_request(self) -> None:
        template = Template("{% load mindwave %}{% mindwave_chat %}")
        with self.assertRaisesMessage(TemplateSyntaxError, "context_processors.request"):
            template.render(Context())

    @override_settings(ROOT_URLCONF="django.contrib.auth.urls")
    def test_urls_are_not_included(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, 'include("mindwave_django.urls")'):
            base_url()


class OverridingTests(SimpleTestCase):
    def test_a_site_may_change_a_small_part(self) -> None:
        changed = {
            "mindwave_django/chat_form.html": "<form id='own'></form>",
            "mindwave_django/chat_assets.html": "<script type='module' src='/own.js'></script>",
        }
        options = {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        ("django.template.loaders.locmem.Loader", changed),
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ]
        }
        backend = {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": options,
        }
        with override_settings(TEMPLATES=[backend]):
            page = Page(render_chat(RequestFactory().get("/")))
        assert page.one("form") == {"id": "own"}
        assert page.one("script")["src"] == "/own.js"
        assert page.one("mindwave-chat")["base"] == "/mindwave/"
