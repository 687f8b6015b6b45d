"""Small checkpoints with random weights, in the very formats that the published ones have.

The libraries' own loading code reads them: only the sizes of the networks are cut, by `shrink()`, so that a whole
family loads in seconds. Random weights speak noise, which is enough to show that text goes in and audio comes out.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stts.audio.wav import sized_header

WIDTH = 128
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-"


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


def chatterbox(folder: Path) -> Path:
    """A checkpoint of `ChatterboxTTS`, with a built-in voice."""
    import torch
    from chatterbox.models.t3 import T3

    torch.manual_seed(1)
    _save(T3(), folder / "t3_cfg.safetensors")
    _save(_voice_encoder(), folder / "ve.safetensors")
    _save(_s3gen(), folder / "s3gen.safetensors")
    _tokenizer(folder / "tokenizer.json", [])
    _builtin_voice(folder / "conds.pt", prompt=150)
    return folder


def multilingual(folder: Path) -> Path:
    """A checkpoint of `ChatterboxMultilingualTTS`."""
    import torch
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.modules.t3_config import T3Config
    from chatterbox.mtl_tts import SUPPORTED_LANGUAGES

    torch.manual_seed(2)
    _save(T3(T3Config.multilingual()), folder / "t3_mtl23ls_v2.safetensors")
    torch.save(_voice_encoder().state_dict(), folder / "ve.pt")
    torch.save(_s3gen().state_dict(), folder / "s3gen.pt")
    codes = [f"[{language}]" for language in SUPPORTED_LANGUAGES] + [f"[cj_{letter}]" for letter in "abcdemn."]
    _tokenizer(folder / "grapheme_mtl_merged_expanded_v1.json", codes)
    (folder / "Cangjie5_TC.json").write_text(json.dumps(["你\tonf", "好\tvnd"]))
    _builtin_voice(folder / "conds.pt", prompt=150)
    return folder


def turbo(folder: Path) -> Path:
    """A checkpoint of `ChatterboxTurboTTS`."""
    import torch
    from chatterbox.models.t3 import T3
    from chatterbox.models.t3.modules.t3_config import T3Config

    torch.manual_seed(3)
    hp = T3Config(text_tokens_dict_size=50276)
    hp.llama_config_name = "GPT2_medium"
    hp.speech_tokens_dict_size = 6563
    hp.input_pos_emb = None
    hp.speech_cond_prompt_len = 375
    hp.use_perceiver_resampler = False
    hp.emotion_adv = False
    _save(T3(hp), folder / "t3_turbo_v1.safetensors")
    _save(_voice_encoder(), folder / "ve.safetensors")
    _save(_s3gen(meanflow=True), folder / "s3gen_meanflow.safetensors")
    _gpt2_tokenizer(folder)
    _builtin_voice(folder / "conds.pt", prompt=375)
    return folder


def whisper(
    path: Path, *, multilingual: bool = True, audio_layers: int = 1, text_layers: int = 1, heads: int = 2
) -> Path:
    """A checkpoint of Whisper; its vocabulary is whole, as the decoder's rules need every special token."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(4)
    dims = ModelDimensions(
        n_mels=80,
        n_audio_ctx=1500,
        n_audio_state=32 * heads,
        n_audio_head=heads,
        n_audio_layer=audio_layers,
        n_vocab=51865 if multilingual else 51864,
        n_text_ctx=32,  # so that a text ends after 16 tokens
        n_text_state=32 * heads,
        n_text_head=heads,
        n_text_layer=text_layers,
    )
    model = Whisper(dims)
    with torch.no_grad():
        torch.nn.init.normal_(model.decoder.positional_embedding, std=0.02)  # upstream leaves it as memory was
        # One number tells words from marks, so that whatever it hears becomes words, up to the longest text.
        model.decoder.ln.bias[0] = 10
        model.decoder.token_embedding.weight[:50257, 0] = 0
        model.decoder.token_embedding.weight[50257:, 0] = -1
    torch.save({"dims": dims.__dict__, "model_state_dict": model.state_dict()}, path)
    return path


def recording(path: Path, seconds: float, pitch: float = 140.0, level: float = 0.2) -> Path:
    """A voiced sound with the rhythm of syllables, 24 kHz WAV: what a reference recording looks like to a model."""
    times = np.arange(int(seconds * 24_000)) / 24_000
    voice = sum(np.sin(2 * np.pi * pitch * harmonic * times) / harmonic for harmonic in range(1, 12))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * times)
    pcm = (level * voice * syllables * 16_384).astype("<i2").tobytes()
    path.write_bytes(sized_header(24_000, 1, len(pcm)) + pcm)
    return path


def _save(network: Any, path: Path) -> None:
    from safetensors.torch import save_file

    save_file({key: value.contiguous().clone() for key, value in network.state_dict().items()}, path)


def _voice_encoder() -> Any:
    from chatterbox.models.voice_encoder import VoiceEncoder

    return VoiceEncoder()


def _s3gen(meanflow: bool = False) -> Any:
    from chatterbox.models.s3gen import S3Gen

    return S3Gen(meanflow=meanflow)


def _tokenizer(path: Path, codes: list[str]) -> None:
    """One token a letter; 0 and 255 are where T3 expects the end and the start of a text."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    vocabulary = {"[STOP]": 0, "[UNK]": 1, "[SPACE]": 2, "[START]": 255}
    vocabulary |= {letter: 3 + index for index, letter in enumerate(LETTERS)}
    vocabulary |= {f"[unused{index}]": index for index in range(3 + len(LETTERS), 255)}
    vocabulary |= {code: 256 + index for index, code in enumerate(codes)}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[STOP]", "[UNK]", "[SPACE]", "[START]", *codes])
    tokenizer.save(str(path))


def _gpt2_tokenizer(folder: Path) -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    letters = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}
    (folder / "vocab.json").write_text(json.dumps(letters | {"<|endoftext|>": 50256}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "added_tokens.json").write_text(json.dumps({"[laugh]": 50257}))
    (folder / "special_tokens_map.json").write_text(json.dumps({"eos_token": "<|endoftext|>"}))
    config = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 8196, "eos_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def _builtin_voice(path: Path, prompt: int) -> None:
    import torch
    from chatterbox.models.t3.modules.cond_enc import T3Cond
    from chatterbox.tts import Conditionals

    t3 = T3Cond(
        speaker_emb=torch.nn.functional.normalize(torch.randn(1, 256), dim=1),
        cond_prompt_speech_tokens=torch.randint(0, 6561, (1, prompt)),
        emotion_adv=0.5 * torch.ones(1, 1, 1),
    )
    gen = {
        "prompt_token": torch.randint(0, 6561, (1, 75)),
        "prompt_token_len": torch.tensor([75]),
        "prompt_feat": torch.randn(1, 150, 80),
        "prompt_feat_len": None,
        "embedding": torch.randn(1, 192),
    }
    Conditionals(t3, gen).save(path)


def without(folder: Path, target: Path, *missing: str) -> Path:
    """A copy of a checkpoint that lacks some files."""
    shutil.copytree(folder, target, ignore=lambda _, names: [name for name in names if name in missing])
    return target
