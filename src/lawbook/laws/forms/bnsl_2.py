"""The broken neural scaling law with two breaks.

>>> import numpy as np
>>> parameters = np.array([1.0, 3.0, 0.5, 2.0, 100.0, 0.5, 1.0, 100.0, 1.0])
>>> float(np.exp(law.log_predict(np.array([[100.0]]), parameters)[0]).round(12))
1.075
"""

from __future__ import annotations

from lawbook.laws.forms._bnsl import broken

law = broken(2)
