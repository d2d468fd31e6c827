"""The broken neural scaling law without a break, y = a + b x^-c0.

>>> import numpy as np
>>> parameters = np.array([1.0, 3.0, 0.5])
>>> float(np.exp(law.log_predict(np.array([[100.0]]), parameters)[0]).round(12))
1.3
"""

from __future__ import annotations

from lawbook.laws.forms._bnsl import broken

law = broken(0)
