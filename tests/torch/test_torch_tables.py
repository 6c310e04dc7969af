"""Sinusoidal and rotary tables, against those that transformers computes in its models."""

from __future__ import annotations

import numpy as np
import pytest

from initspec import InitSpec, Recipe, Rule

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

POSITIONS, WIDTH = 200, 16
UNIT = POSITIONS * 2.0**-24
"""An angle that transformers rounds to float32 is off by this much."""


def table(line):
    """Return the table of a line, in float64."""
    weight = torch.empty(POSITIONS, WIDTH, dtype=torch.float64)
    return InitSpec.parse(line).to_torch("stack out")(weight).numpy()


def test_whisper():
    """`sinusoids`: halves, the last frequency that of the endpoint."""
    from transformers.models.whisper.modeling_whisper import sinusoids

    drawn = table("sinusoidal(halves=True, endpoint=True)")
    np.testing.assert_allclose(drawn, sinusoids(POSITIONS, WIDTH), atol=UNIT)


def test_marian():
    """`MarianSinusoidalPositionalEmbedding`, which Pegasus, FSMT and RoFormer have too: halves."""
    from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

    theirs = MarianSinusoidalPositionalEmbedding(POSITIONS, WIDTH).create_weight()
    np.testing.assert_allclose(table("sinusoidal(halves=True)"), theirs, atol=1e-7)


def test_m2m_100():
    """`M2M100SinusoidalPositionalEmbedding`, and Speech2Text: halves, with the endpoint."""
    from transformers.models.m2m_100.modeling_m2m_100 import M2M100SinusoidalPositionalEmbedding

    theirs = M2M100SinusoidalPositionalEmbedding.get_embedding(POSITIONS, WIDTH)
    np.testing.assert_allclose(table("sinusoidal(halves=True, endpoint=True)"), theirs, atol=UNIT)


def test_gpt_j():
    """`create_sinusoidal_positions`, and CodeGen: halves."""
    from transformers.models.gptj.modeling_gptj import create_sinusoidal_positions

    theirs = create_sinusoidal_positions(POSITIONS, WIDTH)
    np.testing.assert_allclose(table("sinusoidal(halves=True)"), theirs, atol=UNIT)


def test_xlm():
    """`create_sinusoidal_embeddings`, and DistilBERT: in turns, as in the paper."""
    from transformers.models.xlm.modeling_xlm import create_sinusoidal_embeddings

    theirs = torch.empty(POSITIONS, WIDTH)
    create_sinusoidal_embeddings(POSITIONS, WIDTH, theirs)
    np.testing.assert_allclose(table("sinusoidal"), theirs, atol=1e-7)


def test_llama():
    """`LlamaRotaryEmbedding`, on a meta model's buffer that nothing else fills."""
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    config = LlamaConfig(hidden_size=128, num_attention_heads=2)
    theirs = LlamaRotaryEmbedding(config).inv_freq
    drawn = InitSpec.rotary(base=10000.0).to_torch()(torch.empty_like(theirs))
    np.testing.assert_allclose(drawn, theirs, rtol=3e-7)


class Decoder(torch.nn.Module):
    """The positions of Whisper and the frequencies of RoPE, as models compute them."""

    def __init__(self):
        from transformers.models.whisper.modeling_whisper import sinusoids

        super().__init__()
        self.positions = torch.nn.Embedding(1500, WIDTH)
        self.positions.weight.data.copy_(sinusoids(1500, WIDTH))
        frequencies = 1.0 / 10000 ** (torch.arange(0, WIDTH, 2) / WIDTH)
        self.frequencies = torch.nn.Parameter(frequencies)


RULES = [Rule("sinusoidal(halves=True, endpoint=True)", "positions.weight")]
RULES.append(Rule("rotary", "frequencies"))


def test_audit():
    """A model that computes its tables in float32 passes; one number, or another formula, fails."""
    audit = pytest.importorskip("initspec_conformance").audit_model
    model = Decoder()
    assert audit(model, Recipe(RULES)).passed
    model.positions.weight.data[3, 5] += 1e-3
    (finding,) = audit(model, Recipe(RULES)).findings
    assert finding.message.startswith("1 of 24000 entries")
    plain = Rule("sinusoidal(halves=True)", "positions.weight")
    assert not audit(Decoder(), Recipe([plain, RULES[1]])).passed
