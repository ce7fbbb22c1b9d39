"""Sentences that spaCy's rules find: one more than zero rows of the first column's, at most two."""

import json

import spacy


def init():
    global nlp
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    count("Warm. Up.")


def count(text):
    return len(list(nlp(text).sents))


def run(data):
    return [count("One." + " Two." * bool(first)) for first, _ in json.loads(data)]
