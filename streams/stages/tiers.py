"""To which tier of a brand an author belongs, for all customers of a batch at once."""

from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.settings import Brand
from models.features import Bytes, Ints


class Tiers(msgspec.Struct, frozen=True):
    """[brand, tier]: what each tier asks for; brands with fewer tiers than others leave the last ones open."""

    exists: NDArray[np.bool_]
    verified: NDArray[np.bool_]
    min_followers: Ints

    @classmethod
    def of(cls, brands: Sequence[Brand]) -> Self:
        shape = (len(brands), max((len(brand.tiers) for brand in brands), default=0))
        tiers = cls(np.zeros(shape, np.bool_), np.zeros(shape, np.bool_), np.zeros(shape, np.int64))
        for row, brand in enumerate(brands):
            for place, tier in enumerate(brand.tiers):
                tiers.exists[row, place] = True
                tiers.verified[row, place] = tier.verified
                tiers.min_followers[row, place] = tier.min_followers
        return tiers

    def find(self, brands: Ints, followers: Ints, verified: NDArray[np.bool_]) -> Bytes:
        """1 + index of the first tier that each author belongs to, 0 for none. A tier takes authors from its number of
        followers on, and verified ones if it says so; one that asks for nothing takes all."""
        found = np.zeros(len(brands), np.uint8)
        for place in reversed(range(self.exists.shape[1])):
            least, by_badge = self.min_followers[brands, place], self.verified[brands, place]
            takes = (by_badge & verified) | ((followers >= least) & ~(by_badge & (least == 0)))
            found[takes & self.exists[brands, place]] = place + 1
        return found
