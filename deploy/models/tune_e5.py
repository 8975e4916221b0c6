"""Trains the upper layers of multilingual-e5-small on labelled posts: moods and wants at once, from a linear probe on.

The lower layers stay as they are, so what they give for each post is computed once. First the linear layer alone is
fitted, then it and the layers together, the lower ones of them more slowly (Kumar et al. 2022, "Fine-tuning can distort
pretrained features"; Howard and Ruder 2018).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch.nn import functional
from transformers import BertModel

MOODS = 3
WANTS = 4


@dataclass(frozen=True)
class Task:
    """One text for training: its tokens, its mood (0 to 2), whether it has each of four wants, how much it counts."""

    tokens: Sequence[int]
    mood: int
    wants: Sequence[bool]
    weight: float = 1.0


@dataclass(frozen=True)
class Plan:
    """How to train. `frozen` lower layers stay; `decay` is a layer's rate by that of the layer above it."""

    frozen: int = 4
    epochs: int = 4
    rate: float = 1.5e-4
    decay: float = 0.8
    head_rate: float = 1e-3
    batch: int = 24
    smoothing: float = 0.1
    dropout: float = 0.1
    scale: float = 8.0
    wants_share: float = 0.5
    seed: int = 0
    device: str = "cpu"


class Tuning:
    """The lower layers' output of every task, and from it: upper layers trained on some tasks, vectors of all."""

    def __init__(
        self, transformer: BertModel, centre: np.ndarray, spread: np.ndarray, tasks: Sequence[Task], plan: Plan
    ) -> None:
        """`centre` and `spread` (d,) are of the vectors as they are now (see `exporting.Sentence`)."""
        self._old = transformer.eval().to(plan.device)
        self._centre = torch.tensor(centre, device=plan.device)
        self._spread = torch.tensor(spread, device=plan.device)
        self._tasks = tasks
        self._plan = plan
        self._lower = _lower(self._old, tasks, plan)

    def vectors(self, model: BertModel) -> torch.Tensor:
        """Shape (tasks, d), unit rows, in the tasks' order."""
        order = sorted(range(len(self._tasks)), key=lambda index: len(self._lower[index]))
        rows = torch.empty(len(order), model.config.hidden_size)
        with torch.no_grad():
            for at in range(0, len(order), 64):
                batch = order[at : at + 64]
                rows[batch] = (self._embedded(model.eval(), batch) / self._plan.scale).cpu()
        return rows

    def trains(self, name: str) -> bool:
        """Whether the weights of this name are changed."""
        return name.startswith("encoder.layer.") and int(name.split(".")[2]) >= self._plan.frozen

    def trained(self, chosen: Sequence[int], log: Callable[[str], None]) -> BertModel:
        """A copy of the transformer whose upper layers were trained on the tasks at these places."""
        plan = self._plan
        torch.manual_seed(plan.seed)
        draw = random.Random(plan.seed)  # noqa: S311
        model = deepcopy(self._old)
        layers = model.encoder.layer[plan.frozen :]
        for module in layers.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = plan.dropout
        balance = _balance([self._tasks[index] for index in chosen], plan.device)
        linear = torch.nn.Linear(model.config.hidden_size, MOODS + WANTS).to(plan.device)
        old = self.vectors(model)[list(chosen)].to(plan.device) * plan.scale
        _probe(linear, old, [self._tasks[index] for index in chosen], plan, balance)
        optimizer = torch.optim.AdamW(_groups(model, layers, linear, plan), weight_decay=0.01)
        steps = plan.epochs * -(-len(chosen) // plan.batch)
        step = 0
        model.train()
        for epoch in range(plan.epochs):
            total = 0.0
            for batch in self._batches(chosen, draw):
                for group in optimizer.param_groups:
                    group["lr"] = group["top"] * _pace(step / steps)
                tasks = [self._tasks[index] for index in batch]
                loss = _loss(linear(self._embedded(model, batch)), tasks, plan, balance)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 1.0)
                optimizer.step()
                total += float(loss.detach()) * len(batch)
                step += 1
            log(f"epoch {epoch + 1} of {plan.epochs}: loss {total / len(chosen):.3f}")
        return model.eval()

    def _embedded(self, model: BertModel, places: Sequence[int]) -> torch.Tensor:
        """Shape (places, d): the vectors as they are exported, but `scale` long."""
        hidden, mask = _padded([self._lower[place] for place in places])
        ignored = (1 - mask)[:, None, None, :] * torch.finfo(torch.float32).min
        for layer in model.encoder.layer[self._plan.frozen :]:
            hidden = _output(layer, hidden, ignored)
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        shown = (mean - self._centre) / self._spread
        return self._plan.scale * functional.normalize(shown, dim=1)

    def _batches(self, chosen: Sequence[int], draw: random.Random) -> Iterator[list[int]]:
        """Texts of like length together, in random order."""
        order = sorted(chosen, key=lambda index: len(self._lower[index]) + 4 * draw.random())
        batches = [order[at : at + self._plan.batch] for at in range(0, len(order), self._plan.batch)]
        draw.shuffle(batches)
        return iter(batches)


def _groups(
    model: BertModel, layers: torch.nn.ModuleList, linear: torch.nn.Linear, plan: Plan
) -> list[dict[str, object]]:
    """What is trained, each with its highest rate: the linear layer, then the layers from above, ever more slowly."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    groups: list[dict[str, object]] = [{"params": list(linear.parameters()), "top": plan.head_rate}]
    for depth, layer in enumerate(reversed(layers)):
        for parameter in layer.parameters():
            parameter.requires_grad_(True)
        groups.append({"params": list(layer.parameters()), "top": plan.rate * plan.decay**depth})
    return groups


def _pace(done: float) -> float:
    """Rises over the first tenth, then falls as a cosine."""
    return done / 0.1 if done < 0.1 else 0.5 * (1 + math.cos(math.pi * (done - 0.1) / 0.9))


def _lower(model: BertModel, tasks: Sequence[Task], plan: Plan) -> list[torch.Tensor]:
    """What the layers that stay give for each text, shape (tokens, d). Texts of one length go together, unpadded."""
    tokens = [list(task.tokens) for task in tasks]
    given = [torch.empty(0)] * len(tasks)
    order = sorted(range(len(tasks)), key=lambda index: len(tokens[index]))
    with torch.no_grad():
        for _, alike in groupby(order, key=lambda index: len(tokens[index])):
            places = list(alike)
            for at in range(0, len(places), 16):
                batch = places[at : at + 16]
                ids = torch.tensor([tokens[index] for index in batch], device=plan.device)
                hidden = model.embeddings(input_ids=ids)
                for layer in model.encoder.layer[: plan.frozen]:
                    hidden = _output(layer, hidden, None)
                for index, row in zip(batch, hidden, strict=True):
                    given[index] = row.clone()
    return given


def _output(layer: torch.nn.Module, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    found = layer(hidden, mask)
    return found[0] if isinstance(found, tuple) else found


def _padded(rows: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    hidden = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    mask = torch.zeros(hidden.shape[:2], device=hidden.device)
    for place, row in enumerate(rows):
        mask[place, : len(row)] = 1
    return hidden, mask


@dataclass(frozen=True)
class _Balance:
    moods: torch.Tensor
    wants: torch.Tensor


def _balance(tasks: Sequence[Task], device: str) -> _Balance:
    moods = np.bincount([task.mood for task in tasks], minlength=MOODS)
    wants = np.array([task.wants for task in tasks]).mean(0)
    return _Balance(
        torch.tensor(len(tasks) / (MOODS * moods), dtype=torch.float32, device=device),
        torch.tensor(np.sqrt((1 - wants) / wants), dtype=torch.float32, device=device),
    )


def _loss(logits: torch.Tensor, tasks: Sequence[Task], plan: Plan, balance: _Balance) -> torch.Tensor:
    weight = torch.tensor([task.weight for task in tasks], device=logits.device)
    moods = functional.cross_entropy(
        logits[:, :MOODS],
        torch.tensor([task.mood for task in tasks], device=logits.device),
        balance.moods,
        reduction="none",
        label_smoothing=plan.smoothing,
    )
    wanted = torch.tensor([task.wants for task in tasks], dtype=torch.float32, device=logits.device)
    wanted = wanted * (1 - plan.smoothing) + plan.smoothing / 2
    wants = functional.binary_cross_entropy_with_logits(
        logits[:, MOODS:], wanted, pos_weight=balance.wants, reduction="none"
    ).sum(1)
    return ((moods + plan.wants_share * wants) * weight).sum() / weight.sum()


def _probe(
    linear: torch.nn.Linear, vectors: torch.Tensor, tasks: Sequence[Task], plan: Plan, balance: _Balance
) -> None:
    """Fits the linear layer on the old vectors (n, d)."""
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    optimizer = torch.optim.LBFGS(linear.parameters(), max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = _loss(linear(vectors), tasks, plan, balance) + 2e-3 * linear.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
