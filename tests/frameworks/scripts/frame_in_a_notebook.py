"""A notebook with pandas: a model that knows categories, and a frame with every type that JSON loses.

Prints, as JSON, what made scripts answered and what the notebook's own models say.
"""

import json

from IPython.core.interactiveshell import InteractiveShell

CELLS = """
import lightgbm, numpy as np, pandas as pd
frame = pd.DataFrame({
    "c": pd.Categorical(["u", None, "v"], categories=["v", "u", "w"]),
    "when": pd.to_datetime(["2026-01-01", "2026-01-02 03:04:05.123456", None], format="ISO8601"),
    "zone": pd.to_datetime(["2026-01-01", "2026-07-02", None]).tz_localize("Europe/Lisbon"),
    "i": pd.array([1, None, 3], dtype="Int64"),
    "b": pd.array([True, None, False], dtype="boolean"),
    "s": pd.array(["a", None, "c"], dtype="string"),
    "f": np.array([1, 2.5, np.nan], dtype="float32"),
    "a.b": [1, 2, 3],
    "": [True, False, True],
    "é 名": pd.Categorical([1, 2, 1]),
})
class Echo:
    def predict(self, frame):
        return [str(frame.dtypes.astype(str).to_dict()), *map(str, frame.itertuples(index=False, name=None))]
echo = Echo()
table = pd.DataFrame({"c": pd.Categorical(["u", "v", "w", "v"] * 20), "x": np.arange(80.0)})
trees = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(table, [0, 1, 1, 0] * 20)
"""

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "jupyter_modelpack")
assert shell.run_cell(CELLS, store_history=True).success


def dry(line):
    return shell.run_cell(f"%modelpack package {line} --dry-run").result.result.value


echoed = [dry("echo --sample frame"), shell.ev("echo.predict(frame)")]
trees = [dry("trees --sample table[:9]"), shell.ev("trees.predict(table[:9]).tolist()")]
print(json.dumps([echoed, trees]))
