"""The pictures of the teaching page, in English and in Korean, made of the results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.measured.files import DOCS
from docs.measured.propagation.charts import heat_map, histogram_row, learning_curves
from docs.measured.propagation.measure import CASES

PATH = Path(__file__).parent / "results.json"
FOLDER = DOCS / "assets" / "propagation"

WORDS = {
    "en": {
        "layer": "layer",
        "share": "share of outputs over their value, each layer to its own height",
        "under": "below: min and max of the outputs, and their standard deviation",
        "small": "smaller: 2, 10, 100, 1000",
        "large": "larger: 2, 10, 100, 1000",
        "relu": "outputs' size behind each layer, ReLU",
        "tanh": "gradient's size behind each layer, tanh",
        "axes": "down: layers; across: sigma_w = std * sqrt(fan_in)",
        "edge": "dashed: the edge of chaos in theory,",
        "loss": "cross-entropy",
        "step": "step of full-batch gradient descent",
        "histogram": "Histograms of the outputs of five layers of 100 units",
        "sweep": "Heat map over the weights' size and depth",
        "curves": "Learning curves on digits in three frameworks",
    },
    "ko": {
        "layer": "층",
        "share": "출력값에 따른 비율 (층마다 높이를 맞춤)",
        "under": "아래: 출력의 최솟값과 최댓값, 그리고 표준편차",
        "small": "작아짐: 2, 10, 100, 1000배",
        "large": "커짐: 2, 10, 100, 1000배",
        "relu": "각 층을 지난 출력의 크기, ReLU",
        "tanh": "각 층을 거슬러 온 그래디언트의 크기, tanh",
        "axes": "세로: 층 수; 가로: sigma_w = std * sqrt(fan_in)",
        "edge": "점선: 이론상 혼돈의 가장자리,",
        "loss": "교차 엔트로피",
        "step": "전체 배치 경사 하강 단계",
        "histogram": "유닛 100개인 다섯 층의 출력 히스토그램",
        "sweep": "가중치 크기와 깊이에 따른 히트맵",
        "curves": "세 프레임워크에서 digits 학습 곡선",
    },
}
"""The words of the pictures, by language."""


def files(results: dict[str, Any]) -> dict[Path, str]:
    """Return every picture by its path: name.svg in English, name.ko.svg in Korean."""
    pictures = {}
    for language, words in WORDS.items():
        end = "svg" if language == "en" else f"{language}.svg"
        for name, (spec, activation) in CASES.items():
            label = f"{words['histogram']}: {activation}, {spec}"
            layers = results["histograms"][name]["layers"]
            pictures[FOLDER / f"{name}.{end}"] = histogram_row(label, layers, words)
        for name, sweep in results["sweeps"].items():
            pictures[FOLDER / f"sweep-{name}.{end}"] = heat_map(
                f"{words['sweep']}: {name}",
                sweep["log10"],
                sweep["sigma"],
                sweep["edge"],
                words,
                words[name],
            )
        pictures[FOLDER / f"digits.{end}"] = learning_curves(
            words["curves"], results["curves"], words
        )
    return pictures
