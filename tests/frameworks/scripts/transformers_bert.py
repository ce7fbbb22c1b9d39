"""A classifier on a tiny BERT whose weights are zero but for the last: eight times tanh(0.5)."""

import json

import torch
import transformers


def init():
    global model
    config = transformers.BertConfig(
        vocab_size=16, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=1
    )
    model = transformers.BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
        model.bert.pooler.dense.bias.fill_(0.5)
        model.classifier.weight.fill_(1.0)
        torch.rand(800, 800) @ torch.rand(800, 800)
    answer([[1.0, 2.0]])


def answer(rows):
    with torch.no_grad():
        return model(torch.tensor(rows).long()).logits[:, 0].tolist()


def run(data):
    return answer(json.loads(data))
