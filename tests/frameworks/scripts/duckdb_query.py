"""A connection that init() opens, with four threads."""

import json

import duckdb


def count():
    return connection.execute("select count(distinct range % 1000) from range(1000000)").fetchone()[0]


def init():
    global connection
    connection = duckdb.connect(config={"threads": 4})
    assert count() == 1000


def run(data):
    assert count() == 1000
    rows = json.loads(data)
    values = ", ".join("(?, ?)" for _ in rows)
    flat = [value for row in rows for value in row]
    found = connection.execute(f"select 2 * a + b from (values {values}) as t(a, b)", flat).fetchall()
    return [row[0] for row in found]
