"""Configuration of LundNet and of the trees it reads, free of PyTorch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from oddjet.features.lund_spec import LundSpec
from oddjet.runs.config import ConfigModel

__all__ = ["LundNetConfig", "LundTreeConfig"]

Width = Annotated[int, Field(ge=1, le=4096)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class LundTreeConfig(ConfigModel):
    """What a node is, and which nodes a tree has; see `oddjet.lund_tree`.

    The defaults are those of Dreyer & Qu, arXiv:2012.08526.
    """

    variables: Literal[3, 5] = Field(
        5, description="5: z, delta, psi, mass, kt; 3: z, delta, kt"
    )
    plane: Literal["full", "primary"] = Field(
        "full", description="every branch, or along the harder ones only"
    )
    logarithms: bool = Field(True, description="of z, delta, mass and kt")
    psi: Literal["arctan", "atan2"] = Field("arctan", description="definition of psi")
    kt_min_gev: float = Field(0.0, ge=0, description="nodes below are left out [GeV]")
    below_kt: Literal["follow_harder", "drop_both"] = Field(
        "follow_harder", description="where a tree goes on below kt_min_gev"
    )
    leaves: bool = Field(False, description="whether ends of branches are nodes")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of `oddjet.lund_tree`, in the order of the network."""
        if self.logarithms:
            five = ("ln_z", "ln_delta", "psi", "ln_m", "ln_kt")
        else:
            five = ("z", "delta", "psi", "mass", "kt")
        return five if self.variables == 5 else (five[0], five[1], five[4])

    def spec(self, **jets: Any) -> LundSpec:
        """Say which trees these are, and of which jets, for a model file.

        Parameters
        ----------
        **jets
            source, algorithm, radius, pt_min_gev, abs_eta_max, num_jets of `LundSpec`.

        Returns
        -------
        LundSpec

        Examples
        --------
        >>> LundTreeConfig(plane="primary").spec(radius=1.0).plane
        'primary'
        """
        return LundSpec(
            variables=self.names,
            plane=self.plane,
            kt_min_gev=self.kt_min_gev,
            psi=self.psi,
            below_kt=self.below_kt,
            leaves=self.leaves,
            **jets,
        )

    @model_validator(mode="after")
    def _leaves_have_no_logarithm(self) -> LundTreeConfig:
        if self.leaves and self.logarithms:
            message = "leaves have kt = delta = 0: set logarithms to false with them"
            raise ValueError(message)
        return self


class LundNetConfig(ConfigModel):
    """A graph network on the Lund tree of a jet.

    The defaults are those of Dreyer & Qu, arXiv:2012.08526, with the dense layer of
    its training scripts; `cms` is the variant for semi-visible jets. In a file the
    names "lundnet_5", "lundnet_3" and "cms" stand for all keys of a variant.
    """

    tree: LundTreeConfig = Field(
        default_factory=LundTreeConfig, description="the nodes and their variables"
    )
    blocks: tuple[Widths, ...] = Field(
        ((32, 32), (32, 32), (64, 64), (64, 64), (128, 128), (128, 128)),
        min_length=1,
        description="widths of the layers of each EdgeConv block",
    )
    listens_to: Literal["neighbour", "center"] = Field(
        "neighbour",
        description="which end of an edge enters beside the difference: neighbour"
        " (LundNet) or center (ParticleNet, PyG)",
    )
    shortcut: bool = Field(True, description="add the input of a block to its output")
    block_dropout: Fraction = Field(
        0.0, description="fraction dropped after each layer of a block"
    )
    fusion: Width = Field(
        384, description="width of the layer on the outputs of all blocks"
    )
    dense: Width = Field(256, description="width of the dense layer after pooling")
    dropout: Fraction = Field(0.1, description="fraction dropped after it")
    normalised_logit: bool = Field(False, description="batch norm on the logit")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        variants = {
            "lundnet_5": cls.published,
            "lundnet_3": lambda: cls.published(3),
            "cms": cls.cms,
        }
        if given not in variants:
            names = ", ".join(variants)
            message = f"must be a mapping of keys or one of {names}, got {given!r}"
            raise ValueError(message)
        return variants[given]().model_dump()

    @classmethod
    def published(cls, variables: Literal[3, 5] = 5) -> LundNetConfig:
        """LundNet-3 or LundNet-5 of arXiv:2012.08526.

        Examples
        --------
        >>> LundNetConfig.published(3).tree.names
        ('ln_z', 'ln_delta', 'ln_kt')
        """
        return cls(tree=LundTreeConfig(variables=variables))

    @classmethod
    def cms(cls) -> LundNetConfig:
        """Give the variant that was published with semi-visible jets of CMS in mind.

        After the public training code of its authors: leaves are nodes, no
        logarithms, both daughters pruned, no shortcut, strong dropout. Its energy
        fractions of the jet are not among the variables here.

        Examples
        --------
        >>> LundNetConfig.cms().tree.names
        ('z', 'delta', 'psi', 'mass', 'kt')
        """
        tree = LundTreeConfig(logarithms=False, leaves=True, below_kt="drop_both")
        return cls(
            tree=tree,
            listens_to="center",
            shortcut=False,
            block_dropout=0.6,
            dense=128,
            dropout=0.8,
            normalised_logit=True,
        )
