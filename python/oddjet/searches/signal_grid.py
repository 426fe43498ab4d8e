"""The points of the grid of semi-visible jet signals."""

from __future__ import annotations

from pydantic import Field

from oddjet.runs.config import ConfigModel

__all__ = ["SignalPoint"]


class SignalPoint(ConfigModel):
    """One point of the grid."""

    z_prime_mass_gev: float = Field(gt=0, description="mass of the Z' [GeV]")
    r_inv: float = Field(ge=0, le=1, description="invisible fraction")

    @property
    def name(self) -> str:
        """Of the point, in results and in names of stages and processes.

        Examples
        --------
        >>> SignalPoint(z_prime_mass_gev=1500, r_inv=0.3).name
        'mz1500_rinv0p3'
        """
        return f"mz{self.z_prime_mass_gev:g}_rinv{self.r_inv:g}".replace(".", "p")
