"""Values that requests hold, those that end strings, comments and templates among them."""

from hypothesis import strategies as st

HARD = [
    "",
    'quotes " and \' and ` and """ and \'\'\' and "" and ""',
    "back\\slashes \\n \\u0041 \\\\ \\",
    "$HOME ${HOME} $(id) `id` ${process.exit(9)} @@body @@{key} %s {0} #{1}",
    ')---" )" ]]> */ // # -- <!-- JSON',
    "\nJSON\n'@\nEOF\n",
    "tab\t return\r bell\x07 nothing\x00 delete\x7f next\x85 line\u2028 paragraph\u2029",
    "left\u202eright\u200b\ufeff",
    "Grüße, 日本語, \U0001f600, \U000e0001",
    "'; exit 9; '",
]
"""Texts; each is also a key in what `VALUE` holds."""

VALUE = {
    "texts": HARD,
    "keys": {text: number for number, text in enumerate(HARD)},
    "numbers": [0, -1, 1.0, 0.1, 1e-300, 1.7976931348623157e308, 2**53 + 1, -(2**63), 2**63 - 1],
    "words": [True, False, None, [], {}, [[]], [{}]],
    "rows": [[number / 7, number, str(number)] for number in range(50)],
    "long": list(range(100)),
}

# Half of a surrogate pair is no text for a server, though Python's parser takes it.
TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HARD)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(TEXT, inner, max_size=8), max_leaves=40
)
