"""Reads the weights of small fitted models from their JSON files.

Each file has one readable entry for each feature.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from rag.errors import ModelFileError

Finite = Annotated[float, Field(allow_inf_nan=False)]


class FrozenModel(BaseModel):
    """A part of a weights file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Weight(FrozenModel):
    """One feature contributes ``weight * (value - mean) / spread`` to the log-odds."""

    mean: Finite
    spread: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    weight: Finite

    def standardized(self, value: float) -> float:
        """How many spreads `value` lies above the mean."""
        return (value - self.mean) / self.spread


Model = TypeVar("Model", bound=FrozenModel)


def load_weights(
    kind: type[Model], file: Path, command: str, features: Collection[str] = ()
) -> Model:
    """The model in `file`, of the class `kind`, with a weight for each of `features`.

    Raises `ModelFileError`, which names the `command` that fits the weights again.
    """
    try:
        model = kind.model_validate_json(file.read_bytes())
        if missing := set(features) - getattr(model, "features", {}).keys():
            raise ValueError(f"no weight for {', '.join(sorted(missing))}")
        return model
    except (OSError, ValueError) as error:  # pydantic's `ValidationError` is a `ValueError`
        raise ModelFileError(
            f"The fitted weights {file.name} are missing or damaged.",
            f"Reinstall Footnote, or fit them anew: {command}.",
        ) from error
