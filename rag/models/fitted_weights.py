"""How is a model of a few weights, fitted beforehand, read from its file?

The files are JSON with one number for each thing that counts, for anyone to read.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from rag.errors import ModelFileError

Finite = Annotated[float, Field(allow_inf_nan=False)]


class FrozenModel(BaseModel):
    """What a file may hold, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Weight(FrozenModel):
    """What one feature weighs: ``(value - mean) / spread`` times `weight`."""

    mean: Finite
    spread: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    weight: Finite

    def standardized(self, value: float) -> float:
        """How many spreads a value lies above the mean."""
        return (value - self.mean) / self.spread


Model = TypeVar("Model", bound=FrozenModel)


def load_weights(
    kind: type[Model], file: Path, command: str, features: Collection[str] = ()
) -> Model:
    """The model of `file`, which must have a weight for each of `features`. Raises
    `ModelFileError`, which names the `command` that fits it anew."""
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
