"""A layer of torch, warmed up in init() on an OpenMP pool."""

import json

import torch


def init():
    global model
    model = torch.nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[2.0, 1.0]]))
        model.bias.zero_()
        torch.nn.Conv2d(3, 16, 3)(torch.rand(8, 3, 64, 64)).sum().item()
        model(torch.ones(100_000, 2))


def run(data):
    with torch.no_grad():
        return model(torch.tensor(json.loads(data)))[:, 0].tolist()
