"""Configuration of the training, free of PyTorch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from oddjet.runs.config import ConfigModel

__all__ = ["Scoring", "TrainingConfig"]

Scoring = Literal["k_fold", "sequential", "in_sample"]


class TrainingConfig(ConfigModel):
    """How the networks of a search are trained."""

    scoring: Scoring = Field(
        "k_fold",
        description="k_fold: an event is scored by networks of all other folds."
        " sequential: by networks of earlier folds only, which makes the test exact"
        " but leaves the first fold without a score. in_sample: by networks that"
        " were trained on it, as in the paper; not safe",
    )
    folds: int = Field(
        2,
        ge=2,
        le=64,
        description="parts of the events; each is scored by a network that never saw"
        " it. With two the test is best calibrated",
    )
    networks: int = Field(
        1, ge=1, le=100, description="networks a fold, whose scores are averaged"
    )
    reserve_fraction: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="fraction of the control events that no network"
        " sees, for the efficiency of the final model; none if scoring is in_sample",
    )
    balance_regions: bool = Field(
        True,
        description="true: class weights make both regions weigh the same; false: the"
        " event weights decide, and the network starts from what it knows of sizes",
    )
    epochs: int = Field(8, ge=1, description="passes over the training events, at most")
    # From four on, equal batches of two jets or more have at least two jets each.
    batch_size: int = Field(128, ge=4, description="jets per optimiser step")
    learning_rate: float = Field(2e-3, gt=0, description="initial step of Adam")
    schedule: Literal["cosine", "plateau", "steps"] = Field(
        "cosine",
        description="cosine: the step falls to zero along a cosine. plateau: it falls"
        " tenfold when the training loss stands still, then training stops. steps: it"
        " falls tenfold after the epochs of falls_after",
    )
    falls_after: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (10, 20), description="steps: epochs after which the step falls tenfold"
    )
    patience: int = Field(
        8,
        ge=1,
        description="plateau: epochs without a lower loss until the step falls",
    )
    patience_to_stop: int = Field(
        4, ge=1, description="plateau: further such epochs before training stops"
    )
    weight_average: float = Field(
        0.995,
        ge=0,
        lt=1,
        description="memory per step of the moving average of the"
        " weights, which is the final network; 0 takes the last weights",
    )
    validation_fraction: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="fraction of the events that no network trains on because they"
        " choose among its epochs the one of best accuracy; 0 takes the last",
    )
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="threads of PyTorch per network; another number"
        " changes results in the last bits",
    )
    device: Literal["cpu", "cuda"] = Field(
        "cpu",
        description="cpu, or cuda with mixed precision; only on a CPU are results"
        " the same bit for bit",
    )

    @classmethod
    def paper(cls, **changes: Any) -> Self:
        """Give the training of arXiv:2204.11889, appendix A.

        Five networks, Adam with the defaults of Keras (1e-3), the step cut tenfold
        after eight epochs without a lower training loss, an end four epochs later,
        at most 75 epochs, the last weights. The paper does not give a batch size.

        Parameters
        ----------
        **changes
            Other values, by key.

        Returns
        -------
        TrainingConfig
        """
        published: dict[str, Any] = {
            "networks": 5,
            "epochs": 75,
            "batch_size": 256,
            "learning_rate": 1e-3,
            "schedule": "plateau",
            "weight_average": 0.0,
        }
        return cls(**(published | changes))

    @classmethod
    def lund_net(cls, **changes: Any) -> Self:
        """Give the training of LundNet (Dreyer & Qu, arXiv:2012.08526).

        Adam from 1e-3 in batches of 256, the step cut tenfold after 10 and after 20
        of 30 epochs; the weights of the epoch with the best validation accuracy.

        Parameters
        ----------
        **changes
            Other values, by key.

        Returns
        -------
        TrainingConfig
        """
        published: dict[str, Any] = {
            "epochs": 30,
            "batch_size": 256,
            "learning_rate": 1e-3,
            "schedule": "steps",
            "weight_average": 0.0,
            "validation_fraction": 0.1,
        }
        return cls(**(published | changes))

    @property
    def num_scored_folds(self) -> int:
        """How many folds have networks that score them."""
        return {
            "k_fold": self.folds,
            "sequential": self.folds - 1,
            "in_sample": 1,
        }[self.scoring]

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        longest = self.patience + self.patience_to_stop
        if self.schedule == "plateau" and self.epochs <= longest:
            message = (
                f"must have more epochs ({self.epochs}) than a plateau takes to end the"
                f" training ({longest}), or another schedule"
            )
            raise ValueError(message)
        return self
