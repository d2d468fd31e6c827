"""The broken neural scaling law with one break, y = a + b x^-c0 (1 + (x/d1)^(1/f1))^(-c1 f1).

>>> import numpy as np
>>> parameters = np.array([1.0, 3.0, 0.5, 2.0, 100.0, 0.5])
>>> float(np.exp(law.log_predict(np.array([[100.0]]), parameters)[0]).round(12))
1.15
"""

from __future__ import annotations

from lawbook.laws.forms._bnsl import broken

law = broken(1)
