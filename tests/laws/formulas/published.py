"""Published laws of many shapes: as formulas, and by hand in NumPy, at planted parameters over a design."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Published:
    """A law: its formula, the same by hand, planted parameters, and the range of each input."""

    name: str
    source: str
    formula: str
    by_hand: Callable[[Columns, Mapping[str, float]], np.ndarray]
    planted: Mapping[str, float]
    inputs: Mapping[str, tuple[float, float]]
    linear: tuple[str, ...] = ()
    points: int = 60

    def design(self, seed: int = 0) -> pd.DataFrame:
        """Return a design, without y."""
        rng = np.random.default_rng(seed)
        columns = {
            name: rng.uniform(low, high, self.points)
            if name in self.linear
            else np.exp(rng.uniform(np.log(low), np.log(high), self.points))
            for name, (low, high) in self.inputs.items()
        }
        return pd.DataFrame(columns)

    def table(self, noise: float, seed: int = 0) -> pd.DataFrame:
        """Return a table of runs with multiplicative noise."""
        table = self.design(seed)
        y = self.by_hand({name: table[name].to_numpy() for name in table}, self.planted)
        rng = np.random.default_rng(seed + 1)
        return table.assign(y=y * np.exp(noise * rng.standard_normal(len(table))))


N, D = (2e6, 3e9), (1e8, 5e10)
SHARE = (0.02, 0.6)


def _broken(c: Columns, p: Mapping[str, float], breaks: int) -> np.ndarray:
    y = p["b"] * c["x"] ** -p["c0"]
    for i in range(1, breaks + 1):
        y = y * (1 + (c["x"] / p[f"d{i}"]) ** (1 / p[f"f{i}"])) ** (-p[f"c{i}"] * p[f"f{i}"])
    return p["a"] + y


PUBLISHED = (
    Published(
        "power",
        "Hestness et al. 2017, arXiv:1712.00409",
        "A*x^-alpha",
        lambda c, p: p["A"] * c["x"] ** -p["alpha"],
        {"A": 3, "alpha": 0.3},
        {"x": (10, 1e6)},
    ),
    Published(
        "power with floor",
        "Hestness et al. 2017, arXiv:1712.00409",
        "E + A*x^-alpha",
        lambda c, p: p["E"] + p["A"] * c["x"] ** -p["alpha"],
        {"E": 0.1, "A": 3, "alpha": 0.3},
        {"x": (10, 1e6)},
    ),
    Published(
        "M3",
        "Alabdulmohsin et al. 2022, arXiv:2209.06640",
        "beta*(1/x + gamma)^c",
        lambda c, p: p["beta"] * (1 / c["x"] + p["gamma"]) ** p["c"],
        {"beta": 3, "gamma": 1e-4, "c": 0.4},
        {"x": (10, 1e6)},
    ),
    Published(
        "exponential with floor",
        "Sorscher et al. 2022, arXiv:2206.14486",
        "E + A*exp(-k*x)",
        lambda c, p: p["E"] + p["A"] * np.exp(-p["k"] * c["x"]),
        {"E": 0.05, "A": 0.8, "k": 0.02},
        {"x": (2, 200)},
    ),
    Published(
        "stretched exponential",
        "Kohlrausch 1854",
        "E + A*exp(-(x/tau)^beta)",
        lambda c, p: p["E"] + p["A"] * np.exp(-((c["x"] / p["tau"]) ** p["beta"])),
        {"E": 0.05, "A": 0.8, "tau": 40, "beta": 0.6},
        {"x": (0.5, 2000)},
    ),
    Published(
        "logarithmic",
        "Sun et al. 2017, arXiv:1707.02968",
        "a - b*log(x)",
        lambda c, p: p["a"] - p["b"] * np.log(c["x"]),
        {"a": 9.0, "b": 0.5},
        {"x": (10, 1e6)},
    ),
    Published(
        "BNSL with one break",
        "Caballero et al. 2022, arXiv:2210.14891",
        "a + b*x^-c0*(1 + (x/d1)^(1/f1))^(-c1*f1)",
        lambda c, p: _broken(c, p, 1),
        {"a": 0.2, "b": 3, "c0": 0.2, "c1": 0.5, "d1": 1e3, "f1": 0.4},
        {"x": (1, 1e6)},
    ),
    Published(
        "BNSL with two breaks",
        "Caballero et al. 2022, arXiv:2210.14891",
        "a + b*x^-c0*(1 + (x/d1)^(1/f1))^(-c1*f1)*(1 + (x/d2)^(1/f2))^(-c2*f2)",
        lambda c, p: _broken(c, p, 2),
        {"a": 0.02, "b": 3, "c0": 0.1, "c1": 0.6, "d1": 1e2, "f1": 0.3, "c2": 0.5, "d2": 3e4, "f2": 0.3},
        {"x": (1, 1e7)},
        points=120,
    ),
    Published(
        "Chinchilla",
        "Hoffmann et al. 2022, arXiv:2203.15556",
        "E + A/N^alpha + B/D^beta",
        lambda c, p: p["E"] + p["A"] / c["N"] ** p["alpha"] + p["B"] / c["D"] ** p["beta"],
        {"E": 1.8, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37},
        {"N": N, "D": D},
    ),
    Published(
        "Chinchilla with γ",
        "Beck et al. 2025, arXiv:2510.02228",
        "E + (A/N^alpha + B/D^beta)^gamma",
        lambda c, p: p["E"] + (p["A"] / c["N"] ** p["alpha"] + p["B"] / c["D"] ** p["beta"]) ** p["gamma"],
        {"E": 1.5, "A": 3e3, "B": 3e4, "alpha": 0.5, "beta": 0.55, "gamma": 0.6},
        {"N": N, "D": D},
    ),
    Published(
        "p-norm",
        "after Hoffmann et al. 2022",
        "E + ((A/N^alpha)^p + (B/D^beta)^p)^(1/p)",
        lambda c, p: (
            p["E"]
            + ((p["A"] / c["N"] ** p["alpha"]) ** p["p"] + (p["B"] / c["D"] ** p["beta"]) ** p["p"])
            ** (1 / p["p"])
        ),
        {"E": 0.1, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37, "p": 2.5},
        {"N": N, "D": D},
    ),
    Published(
        "Kaplan",
        "Kaplan et al. 2020, arXiv:2001.08361, eq. 1.5",
        "((N_c/N)^(a_N/a_D) + D_c/D)^a_D",
        lambda c, p: ((p["N_c"] / c["N"]) ** (p["a_N"] / p["a_D"]) + p["D_c"] / c["D"]) ** p["a_D"],
        {"N_c": 8.8e13, "D_c": 5.4e13, "a_N": 0.076, "a_D": 0.095},
        {"N": N, "D": D},
    ),
    Published(
        "Kaplan in steps",
        "Kaplan et al. 2020, arXiv:2001.08361, eq. 5.6",
        "(N_c/N)^a_N + (S_c/S)^a_S",
        lambda c, p: (p["N_c"] / c["N"]) ** p["a_N"] + (p["S_c"] / c["S"]) ** p["a_S"],
        {"N_c": 6.5e13, "S_c": 2.1e3, "a_N": 0.077, "a_S": 0.76},
        {"N": N, "S": (1e3, 1e6)},
    ),
    Published(
        "over-training",
        "Gadre et al. 2024, arXiv:2403.08540, eq. 4",
        "E + (a*M^eta + b*M^-eta)*C^-eta",
        lambda c, p: (
            p["E"] + (p["a"] * c["M"] ** p["eta"] + p["b"] * c["M"] ** -p["eta"]) * c["C"] ** -p["eta"]
        ),
        {"E": 1.8, "a": 210, "b": 370, "eta": 0.136},
        {"M": (5, 640), "C": (1e17, 1e21)},
    ),
    Published(
        "data-constrained",
        "Muennighoff et al. 2023, arXiv:2305.16264",
        "E + A*N^-alpha + B*D_eff^-beta; D_eff = U*(1 + R*(1 - exp(-(D/U - 1)/R)))",
        lambda c, p: (
            p["E"]
            + p["A"] * c["N"] ** -p["alpha"]
            + p["B"] * (c["U"] * (1 + p["R"] * (1 - np.exp(-(c["D"] / c["U"] - 1) / p["R"])))) ** -p["beta"]
        ),
        {"E": 1.8, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37, "R": 15},
        {"N": N, "U": (1e8, 1e9), "D": (1e9, 2e11)},
    ),
    Published(
        "valley of the learning rate",
        "Li et al. 2025, arXiv:2503.04715",
        "E + A*N^-alpha + B*D^-beta + H*log(lr/(k*N^a*D^b))^2",
        lambda c, p: (
            p["E"]
            + p["A"] * c["N"] ** -p["alpha"]
            + p["B"] * c["D"] ** -p["beta"]
            + p["H"] * np.log(c["lr"] / (p["k"] * c["N"] ** p["a"] * c["D"] ** p["b"])) ** 2
        ),
        {
            "E": 1.8,
            "A": 480,
            "B": 2080,
            "alpha": 0.35,
            "beta": 0.37,
            "H": 0.05,
            "k": 1.8,
            "a": -0.7,
            "b": 0.3,
        },
        {"N": N, "D": D, "lr": (1e-4, 1e-2)},
        points=120,
    ),
    Published(
        "valley that scales with a term",
        "after Li et al. 2025",
        "E + A*N^-alpha + B*D^-beta*(1 + c*log(lr/(k*N^a*D^b))^2)",
        lambda c, p: (
            p["E"]
            + p["A"] * c["N"] ** -p["alpha"]
            + p["B"]
            * c["D"] ** -p["beta"]
            * (1 + p["c"] * np.log(c["lr"] / (p["k"] * c["N"] ** p["a"] * c["D"] ** p["b"])) ** 2)
        ),
        {"E": 1.8, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37, "c": 0.1, "k": 1.8, "a": -0.7, "b": 0.3},
        {"N": N, "D": D, "lr": (1e-4, 1e-2)},
        points=120,
    ),
    Published(
        "Farseer",
        "Li et al. 2025, arXiv:2506.10972",
        "exp(a3*N^g3 + b3) + exp(a2*N^g2 + b2)*D^(-exp(a1*N^g1 + b1));"
        " a1 in [-5, 5] near -0.1; b1 in [-5, 5] near -0.4; g1 in [0, 1] near 0.1;"
        " a2 in [0, 500] near 90; b2 in [-50, 5] near -6; g2 in [-1, 0] near -0.1;"
        " a3 in [-5, 5] near -0.02; b3 in [-5, 5] near 0.1; g3 in [0, 1] near 0.15",
        lambda c, p: (
            np.exp(p["a3"] * c["N"] ** p["g3"] + p["b3"])
            + np.exp(p["a2"] * c["N"] ** p["g2"] + p["b2"])
            * c["D"] ** -np.exp(p["a1"] * c["N"] ** p["g1"] + p["b1"])
        ),
        {
            "a1": -0.12,
            "b1": -0.42,
            "g1": 0.1,
            "a2": 88,
            "b2": -6.3,
            "g2": -0.1,
            "a3": -0.02,
            "b3": 0.1,
            "g3": 0.15,
        },
        {"N": N, "D": D},
        points=150,
    ),
    Published(
        "vocabulary",
        "Tao et al. 2024, arXiv:2407.13623",
        "E + A1*N^-a1 + A2*(V*d)^-a2 + B*D^-b",
        lambda c, p: (
            p["E"]
            + p["A1"] * c["N"] ** -p["a1"]
            + p["A2"] * (c["V"] * c["d"]) ** -p["a2"]
            + p["B"] * c["D"] ** -p["b"]
        ),
        {"E": 1.2, "A1": 20, "a1": 0.21, "A2": 10, "a2": 0.15, "B": 500, "b": 0.3},
        {"N": N, "V": (4e3, 2e5), "d": (256, 4096), "D": D},
        points=150,
    ),
    Published(
        "data mixing",
        "Ye et al. 2024, arXiv:2403.16952",
        "c + k*exp(t1*r1 + t2*r2 + t3*r3)",
        lambda c, p: p["c"] + p["k"] * np.exp(p["t1"] * c["r1"] + p["t2"] * c["r2"] + p["t3"] * c["r3"]),
        {"c": 1.5, "k": 1.2, "t1": -2.0, "t2": -0.5, "t3": 0.3},
        {"r1": SHARE, "r2": SHARE, "r3": SHARE},
        linear=("r1", "r2", "r3"),
    ),
    Published(
        "bivariate mixing",
        "Ge et al. 2024, arXiv:2405.14908",
        "A*r^-alpha*(B*s^-beta + 1)",
        lambda c, p: p["A"] * c["r"] ** -p["alpha"] * (p["B"] * c["s"] ** -p["beta"] + 1),
        {"A": 2.0, "alpha": 0.1, "B": 8, "beta": 0.4},
        {"r": SHARE, "s": (1e2, 1e5)},
    ),
    Published(
        "Rosenfeld",
        "Rosenfeld et al. 2020, arXiv:1909.12673, eq. 5",
        "e0*u/sqrt(1 + u^2); u = a*n^-alpha + b*m^-beta + c",
        lambda c, p: (
            p["e0"]
            * (u := p["a"] * c["n"] ** -p["alpha"] + p["b"] * c["m"] ** -p["beta"] + p["c"])
            / np.sqrt(1 + u**2)
        ),
        {"e0": 0.9, "a": 20, "alpha": 0.5, "b": 100, "beta": 0.6, "c": 0.05},
        {"n": (1e2, 1e6), "m": (1e3, 1e7)},
        points=100,
    ),
    Published(
        "transfer",
        "Hernandez et al. 2021, arXiv:2102.01293",
        "k*D^alpha*N^beta",
        lambda c, p: p["k"] * c["D"] ** p["alpha"] * c["N"] ** p["beta"],
        {"k": 1.9e4, "alpha": 0.18, "beta": 0.38},
        {"N": N, "D": (1e5, 1e8)},
    ),
    Published(
        "routed models",
        "Clark et al. 2022, arXiv:2202.01169, eq. 4",
        "exp(d + a*log(N) + b*log(X) + c*log(N)*log(X))",
        lambda c, p: np.exp(
            p["d"]
            + p["a"] * np.log(c["N"])
            + p["b"] * np.log(c["X"])
            + p["c"] * np.log(c["N"]) * np.log(c["X"])
        ),
        {"d": 2.4, "a": -0.08, "b": -0.11, "c": 0.004},
        {"N": N, "X": (1, 512)},
    ),
    Published(
        "granular experts",
        "Krajewski et al. 2024, arXiv:2402.07871, eq. 9",
        "c + (g*G^-gamma + a)*N^-alpha + b*D^-beta",
        lambda c, p: (
            p["c"]
            + (p["g"] * c["G"] ** -p["gamma"] + p["a"]) * c["N"] ** -p["alpha"]
            + p["b"] * c["D"] ** -p["beta"]
        ),
        {"c": 0.47, "g": 2.1, "gamma": 0.58, "a": 18.1, "alpha": 0.115, "b": 30.8, "beta": 0.147},
        {"N": N, "D": D, "G": (1, 16)},
        points=200,
    ),
    Published(
        "sparse weights",
        "Frantar et al. 2023, arXiv:2309.08520, eq. 1",
        "c + (a_S*(1 - S)^b_S + c_S)*N^-b_N + a_D*D^-b_D; b_S in [0.01, 4]",
        lambda c, p: (
            p["c"]
            + (p["a_S"] * (1 - c["S"]) ** p["b_S"] + p["c_S"]) * c["N"] ** -p["b_N"]
            + p["a_D"] * c["D"] ** -p["b_D"]
        ),
        {"c": 0.65, "a_S": 16.8, "b_S": 0.722, "c_S": 45, "b_N": 0.245, "a_D": 6.9e2, "b_D": 0.3},
        {"N": N, "D": D, "S": (0.01, 0.95)},
        linear=("S",),
        points=200,
    ),
    Published(
        "precision",
        "Kumar et al. 2024, arXiv:2411.04330",
        "E + A*(N*(1 - exp(-P/gamma)))^-alpha + B*D^-beta",
        lambda c, p: (
            p["E"]
            + p["A"] * (c["N"] * (1 - np.exp(-c["P"] / p["gamma"]))) ** -p["alpha"]
            + p["B"] * c["D"] ** -p["beta"]
        ),
        {"E": 1.8, "A": 480, "B": 2080, "alpha": 0.35, "beta": 0.37, "gamma": 2.7},
        {"N": N, "D": D, "P": (2, 16)},
        points=100,
    ),
    Published(
        "annealing",
        "Tissue et al. 2024, arXiv:2408.11029",
        "L0 + A*S1^-alpha - C*S2",
        lambda c, p: p["L0"] + p["A"] * c["S1"] ** -p["alpha"] - p["C"] * c["S2"],
        {"L0": 2.6, "A": 0.9, "alpha": 0.5, "C": 0.3},
        {"S1": (0.01, 10), "S2": (0.01, 1)},
    ),
    Published(
        "error by loss",
        "Gadre et al. 2024, arXiv:2403.08540, eq. 5",
        "eps - k*exp(-gamma*L)",
        lambda c, p: p["eps"] - p["k"] * np.exp(-p["gamma"] * c["L"]),
        {"eps": 0.86, "k": 2.2, "gamma": 0.75},
        {"L": (2, 6)},
        linear=("L",),
    ),
    Published(
        "accuracy by loss",
        "Bhagia et al. 2024, arXiv:2412.04403",
        "b + a*sigmoid(-k*(L - L0)); a in [0, 2]; L0 in [0, 10]; k in [0.1, 50]",
        lambda c, p: p["b"] + p["a"] / (1 + np.exp(p["k"] * (c["L"] - p["L0"]))),
        {"b": 0.25, "a": 0.6, "k": 4.0, "L0": 2.8},
        {"L": (1.5, 4.5)},
        linear=("L",),
    ),
    Published(
        "critical batch",
        "McCandlish et al. 2018, arXiv:1812.06162, eq. 2.11",
        "S_min*(1 + B_noise/B)",
        lambda c, p: p["S_min"] * (1 + p["B_noise"] / c["B"]),
        {"S_min": 3e3, "B_noise": 900},
        {"B": (8, 1e5)},
    ),
    Published(
        "divergence at a threshold",
        "after Power et al. 2022, arXiv:2201.02177",
        "A*(f - f_c)^-g; f_c in [0, 0.2]",
        lambda c, p: p["A"] * (c["f"] - p["f_c"]) ** -p["g"],
        {"A": 3.0, "f_c": 0.17, "g": 1.4},
        {"f": (0.21, 0.9)},
        linear=("f",),
    ),
    Published(
        "resolution and variance",
        "Bahri et al. 2021, arXiv:2102.06701",
        "E + A/(1 + x/x0)",
        lambda c, p: p["E"] + p["A"] / (1 + c["x"] / p["x0"]),
        {"E": 0.1, "A": 2.0, "x0": 300},
        {"x": (3, 1e5)},
    ),
    Published(
        "log-quadratic surface",
        "after Clark et al. 2022",
        "exp(a + b*n + c*d + e*n*d + f*n^2 + g*d^2); n = log10(N); d = log10(D)",
        lambda c, p: np.exp(
            p["a"]
            + p["b"] * (n := np.log10(c["N"]))
            + p["c"] * (d := np.log10(c["D"]))
            + p["e"] * n * d
            + p["f"] * n**2
            + p["g"] * d**2
        ),
        {"a": 6.0, "b": -0.4, "c": -0.5, "e": 0.01, "f": 0.01, "g": 0.015},
        {"N": N, "D": D},
    ),
    Published(
        "parallel streams",
        "Chen et al. 2025, arXiv:2505.10475",
        "E + (A/(N*(1 + k*log(P))))^alpha; A in [1, 1e12]",
        lambda c, p: p["E"] + (p["A"] / (c["N"] * (1 + p["k"] * np.log(c["P"])))) ** p["alpha"],
        {"E": 0.7, "A": 1.0e8, "k": 0.35, "alpha": 0.19},
        {"N": N, "P": (1, 16)},
        points=80,
    ),
    Published(
        "mixture in proportion and size",
        "Shukor et al. 2025, arXiv:2507.09404",
        "E + 1/(c1*h1^g1 + c2*h2^g2) + A*N^-alpha + B*D^-beta",
        lambda c, p: (
            p["E"]
            + 1 / (p["c1"] * c["h1"] ** p["g1"] + p["c2"] * c["h2"] ** p["g2"])
            + p["A"] * c["N"] ** -p["alpha"]
            + p["B"] * c["D"] ** -p["beta"]
        ),
        {
            "E": 1.2,
            "c1": 2.0,
            "g1": 0.7,
            "c2": 1.0,
            "g2": 0.4,
            "A": 480,
            "alpha": 0.35,
            "B": 2080,
            "beta": 0.37,
        },
        {"N": N, "D": D, "h1": SHARE, "h2": SHARE},
        linear=("h1", "h2"),
        points=250,
    ),
    Published(
        "optimal batch",
        "Li et al. 2025, arXiv:2503.04715",
        "k*D^a",
        lambda c, p: p["k"] * c["D"] ** p["a"],
        {"k": 0.58, "a": 0.571},
        {"D": D},
    ),
    Published(
        "repeated passes",
        "Goyal et al. 2024, arXiv:2404.07177",
        "a*n^(-b*exp(-k/tau)) + d",
        lambda c, p: p["a"] * c["n"] ** (-p["b"] * np.exp(-c["k"] / p["tau"])) + p["d"],
        {"a": 5.0, "b": 0.3, "tau": 8, "d": 0.2},
        {"n": (1e2, 1e6), "k": (1, 16)},
        points=120,
    ),
    Published(
        "saturating tanh",
        "after Rosenfeld et al. 2020",
        "E + A*tanh(s/x^alpha)",
        lambda c, p: p["E"] + p["A"] * np.tanh(p["s"] / c["x"] ** p["alpha"]),
        {"E": 0.05, "A": 0.9, "s": 12, "alpha": 0.5},
        {"x": (10, 1e5)},
    ),
    Published(
        "softplus of log compute",
        "after Caballero et al. 2022",
        "E + A*softplus(-k*(log10(C) - c0)); c0 in [15, 25]; k in [0.1, 20]",
        lambda c, p: p["E"] + p["A"] * np.logaddexp(0, -p["k"] * (np.log10(c["C"]) - p["c0"])),
        {"E": 0.3, "A": 0.4, "k": 1.5, "c0": 19.0},
        {"C": (1e16, 1e22)},
    ),
)
