"""Small checkpoints with random weights, in the very formats that the published ones have.

The libraries' own loading code reads them: only the sizes of the networks are cut, by `shrink()`, so that a whole
family loads in seconds. Random weights speak noise, which is enough to show that text goes in and audio comes out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkpoints import chatterbox as chatterbox
from benchmarks.checkpoints import multilingual as multilingual
from benchmarks.checkpoints import recording as recording
from benchmarks.checkpoints import turbo as turbo
from benchmarks.checkpoints import whisper as whisper

WIDTH = 128


def shrink(patch: pytest.MonkeyPatch) -> None:
    """Cuts the sizes of Chatterbox's networks for as long as `patch` lasts."""
    import chatterbox.models.s3gen.s3gen as s3gen
    import chatterbox.models.t3.modules.cond_enc as cond_enc
    from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS
    from chatterbox.models.t3.modules.t3_config import T3Config
    from s3tokenizer.model_v2 import S3TokenizerV2

    llama = LLAMA_CONFIGS["Llama_520M"] | {"hidden_size": WIDTH, "intermediate_size": 64, "head_dim": WIDTH // 16}
    gpt2 = LLAMA_CONFIGS["GPT2_medium"] | {"n_layer": 1, "n_embd": 64, "hidden_size": 64, "n_head": 4}
    patch.setitem(LLAMA_CONFIGS, "Llama_520M", llama | {"num_hidden_layers": 1})
    # Multilingual reads the attention of layers 9, 12 and 13, of heads up to the 16th.
    patch.setitem(LLAMA_CONFIGS, "Llama_14", llama | {"num_hidden_layers": 14})
    patch.setitem(LLAMA_CONFIGS, "GPT2_medium", gpt2)
    published = T3Config.multilingual()
    published.llama_config_name = "Llama_14"
    patch.setattr(T3Config, "multilingual", lambda: published)
    perceiver = _with(cond_enc.Perceiver, pre_attention_query_size=WIDTH, embedding_dim=WIDTH)
    patch.setattr(cond_enc, "Perceiver", perceiver)
    config = S3TokenizerV2.__init__.__defaults__[0]
    for field, size in {"n_audio_state": 128, "n_audio_head": 2, "n_audio_layer": 1}.items():
        patch.setattr(config, field, size)
    networks: dict[str, dict[str, Any]] = {
        "UpsampleConformerEncoder": {"num_blocks": 1, "linear_units": 64},
        "ConditionalDecoder": {"n_blocks": 1, "num_mid_blocks": 1, "channels": [32], "num_heads": 1},
        "HiFTGenerator": {"base_channels": 64},
    }
    for name, sizes in networks.items():
        patch.setattr(s3gen, name, _with(getattr(s3gen, name), **sizes))


def _with(network: Callable[..., Any], **sizes: Any) -> Callable[..., Any]:
    return lambda **given: network(**{**given, **sizes})


def without(folder: Path, target: Path, *missing: str) -> Path:
    """A copy of a checkpoint that lacks some files."""
    shutil.copytree(folder, target, ignore=lambda _, names: [name for name in names if name in missing])
    return target
