"""Training the layers that moods are heard with, on a tiny model with random weights: what changes, what stays."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.unit, pytest.mark.timeout(600)]  # torch takes its time to load

SCRIPTS = Path(__file__).parents[2] / "deploy" / "models"
LAYERS = 3
FROZEN = 1


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A tuning of posts whose first word tells the mood and whose second tells the want."""
    torch: Any = pytest.importorskip("torch", reason="training needs torch")
    transformers: Any = pytest.importorskip("transformers", reason="training needs transformers")
    pytest.importorskip("onnxruntime")
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import tune_e5

    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=LAYERS, num_attention_heads=2, intermediate_size=32
    )
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    draw = np.random.default_rng(2)
    tasks = [
        tune_e5.Task(
            [mood, 10 + want, *draw.integers(20, 40, draw.integers(1, 8)).tolist()],
            mood,
            [place == want for place in range(4)],
        )
        for mood in range(3)
        for want in range(4)
        for _ in range(6)
    ]
    plan = tune_e5.Plan(frozen=FROZEN, epochs=6, rate=3e-3, batch=8)
    tuning = tune_e5.Tuning(model, np.zeros(16, np.float32), np.ones(16, np.float32), tasks, plan)
    return SimpleNamespace(torch=torch, model=model, tuning=tuning, tasks=tasks, said=[])


def test_only_the_upper_layers_change_and_the_same_posts_give_the_same_weights(world: SimpleNamespace) -> None:
    trained = world.tuning.trained(range(len(world.tasks)), world.said.append)
    again = world.tuning.trained(range(len(world.tasks)), world.said.append)
    old, new = world.model.state_dict(), trained.state_dict()
    for name, value in old.items():
        upper = any(name.startswith(f"encoder.layer.{layer}.") for layer in range(FROZEN, LAYERS))
        assert world.tuning.trains(name) == upper
        # of a key's bias softmax takes no notice
        assert (not world.torch.equal(value, new[name])) == upper or name.endswith("key.bias"), name
        assert world.torch.equal(new[name], again.state_dict()[name]), name
    losses = [float(line.rpartition(" ")[2]) for line in world.said[:6]]
    assert losses[-1] < losses[0]


def test_vectors_are_those_of_the_whole_model(world: SimpleNamespace) -> None:
    import exporting

    trained = world.tuning.trained(range(len(world.tasks)), world.said.append)
    rows = world.tuning.vectors(trained)
    whole = exporting.Sentence(trained).eval()
    with world.torch.no_grad():
        for task, row in list(zip(world.tasks, rows, strict=True))[::7]:
            ids = world.torch.tensor([list(task.tokens)])
            world.torch.testing.assert_close(whole(ids, world.torch.ones_like(ids))[0], row, atol=1e-5, rtol=1e-4)
