"""A hundred strings that would change a page, where nobody takes care."""

from tests.frontends.hostile_strings import HOSTILE

TAGS = ["script", "img", "iframe", "svg", "a", "b", "video", "object", "form", "style", "math", "details"]


HANDLERS = [
    "onerror=hit()",
    "onload=hit()",
    "onclick=hit()",
    "onfocus=hit() autofocus",
    "ontoggle=hit() open",
    "onpointerover=hit() style=position:fixed;inset:0",
]


STRINGS = [
    *HOSTILE,
    *(f'"><{tag} {handler} src=x href=javascript:hit()>hit()</{tag}>' for tag in TAGS for handler in HANDLERS),
    *(f"{quote}-hit()-{quote}" for quote in "'\"`"),
    "${hit()}", "{{hit()}}", "<%= hit() %>", "javascript:hit()", "data:text/html,<script>hit()</script>",
    "</script><script>hit()</script>", "</pre></div></body>", "<!--", "]]>", "&#60;script&#62;hit()&#60;/script&#62;",
    "\u202e\u2066rtl", "\x1b]8;;javascript:hit()\x07click\x1b]8;;\x07", "\x9b31m", "a" * 5000, "%s%n{0}", "__proto__",
]  # fmt: skip
