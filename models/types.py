"""The arrays that pass between the parts. S = side in pixels, D = embedding size, N = batch."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""uint8[3, S, S] for one prepared photo, uint8[N, 3, S, S] for a batch; RGB, not normalised."""

Embeddings: TypeAlias = NDArray[np.float32]
"""float32[D] or float32[N, D], unit length."""
