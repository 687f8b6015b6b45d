"""Checkpoints of Chatterbox and Whisper with random weights, in the very formats that the published ones have.

The libraries' own loading code reads them. They have the size of the published networks, unless those were cut before
(`tests/engines/checkpoints.py`). Random weights speak noise, and cost what trained ones of the same size do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from stts.audio.wav import sized_header

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-"


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
    path: Path,
    *,
    multilingual: bool = True,
    audio_layers: int = 1,
    text_layers: int = 1,
    heads: int = 2,
    width: int = 32,
    mels: int = 80,
    vocabulary: int = 51864,
    context: int = 32,
    half: bool = False,
) -> Path:
    """A checkpoint of Whisper; its vocabulary is whole, as the decoder's rules need every special token.

    `width`: of a head. `context`: tokens of a text, which ends after half as many at the latest. `half`: in half
    precision.
    """
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(4)
    dims = ModelDimensions(
        n_mels=mels,
        n_audio_ctx=1500,
        n_audio_state=width * heads,
        n_audio_head=heads,
        n_audio_layer=audio_layers,
        n_vocab=vocabulary + multilingual,
        n_text_ctx=context,
        n_text_state=width * heads,
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
    numbers = (model.half() if half else model).state_dict()
    torch.save({"dims": dims.__dict__, "model_state_dict": numbers}, path)
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
