"""Strings that would become markup, or move the cursor, where nobody takes care."""

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table><h1>",
    "&lt;b&gt;",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\r\x1b[2Koverwritten",
    "\u202egnp.exe",
    "zero\u200bwidth",
    "a\nb",
    "nul\x00byte",
    "\ud800",
    "ünï-码",
]
