"""Calibration, against NumPy's."""

import numpy as np
import pytest
import torch

from models.calibration.evidence_scaling import EvidenceScaling
from models.calibration.quantiles import Calibration
from models.calibration.temperature import Temperature
from models.inference.features.calibration import probabilities, stretched
from models.network.class_inputs import class_inputs
from models.network.evidence import EVIDENCE, evidence
from tests.models.inference.features.series import COUNT, issues, varied

RNG = np.random.default_rng(0)
BIASES = tuple(tuple(row) for row in RNG.normal(0, 0.3, (3, 1 + len(EVIDENCE))).tolist())
SCALINGS = {
    "temperature": Temperature(temperature=1.7),
    "temperature and bias": Temperature(temperature=0.6, bias=(0.3, -0.1, -0.2)),
    "evidence": EvidenceScaling(sharpness=(0.1, 0.5, -0.3, 0.2, 0.1, -0.4, 0.3, 0.2), bias=BIASES),
    "steep": EvidenceScaling(sharpness=(99.0, *[0.0] * len(EVIDENCE)), bias=BIASES),
}


def test_quantiles_are_stretched_as_by_numpy() -> None:
    calibration = Calibration(
        centres=RNG.normal(2, 1, (4, 3)).astype(np.float32),
        factors=RNG.uniform(0.5, 2, (4, 5, 5)).astype(np.float32),
        unseen=1.3,
    )
    quantiles = np.sort(RNG.normal(0.5, 0.2, (30, 9, 5)), axis=-1).astype(np.float32)
    traits = RNG.normal(0.4, 0.2, (30, 3)).astype(np.float32)
    quantiles[3], traits[4] = np.nan, np.nan
    leads = np.broadcast_to(np.array([-40, 0, 1, 5, 6, 38, 100, 125, 700], np.int32), (30, 9)).copy()
    doubt = np.linspace(0, 1, 30 * 9, dtype=np.float32).reshape(30, 9)
    expected = calibration.apply(quantiles, leads, traits, doubt)
    found = stretched(calibration, *(torch.from_numpy(a) for a in (quantiles, leads, traits, doubt)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", SCALINGS)
def test_probabilities_are_those_of_numpy(name: str) -> None:
    scaling = SCALINGS[name]
    tokens, queries = class_inputs(varied(), issues(), months=36)
    logits = RNG.normal(0, 2, (COUNT, 3)).astype(np.float32)
    if isinstance(scaling, Temperature):
        expected = scaling.apply_logits(logits)
    else:
        expected = scaling.apply_logits(logits, evidence(tokens.is_padding, queries))
    found = probabilities(scaling, *(torch.from_numpy(a) for a in (logits, tokens.is_padding, queries)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
