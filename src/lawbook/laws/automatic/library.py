"""The candidate laws for given inputs: formulas chosen by their number and kind, from the shapes that papers use.

An input is a *size* (parameters, tokens, experts: more of it moves y one way), a *choice* (learning rate, batch size:
y has an optimum along it) or a *share* (of a mixture, in 0..1). Unique tokens are a size that the tokens seen repeat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lawbook.laws.formulas.text import FUNCTIONS
from lawbook.laws.law import Array

_CHOICES = re.compile(
    r"(^|_|\b)(lr|eta|learning_?rate|bsz|bs|batch(_?size)?|weight_?decay|wd|momentum|warm_?up)(\b|_|$)", re.I
)
_UNIQUE = re.compile(r"uniq|distinct", re.I)
_WORD = re.compile(r"(?<![\w⟨])[A-Za-z_]\w*")
_OWN = {*FUNCTIONS, "in", "near", "inf", "nan"}
"""Words of formulas themselves."""
_INPUT = re.compile(r"⟨(\d+)⟩")


@dataclass(frozen=True)
class Candidate:
    """A law by its name, its formula in the table's columns, and where its shape comes from."""

    name: str
    formula: str
    source: str


@dataclass(frozen=True)
class Inputs:
    """The columns of x, which of them are sizes, choices, shares or unique tokens, and which y rises with.

    `centre` are their geometric means.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    choices: tuple[int, ...]
    shares: tuple[int, ...]
    unique: int | None
    rising: frozenset[int]
    centre: Array

    @classmethod
    def of(cls, names: Sequence[str], x: Array, y: Array) -> Inputs:
        """Sort inputs into kinds by their values x (n, d) and names."""
        inside = np.asarray(((x >= 0) & (x <= 1)).all(axis=0))
        is_mixture = inside.sum() > 1 and np.mean(np.abs(x[:, inside].sum(axis=1) - 1) < 0.02) > 0.5
        shares = [j for j in range(len(names)) if inside[j] and (is_mixture or (x[:, j] == 0).any())]
        choices = [j for j, name in enumerate(names) if j not in shares and _CHOICES.search(name)]
        sizes = [j for j in range(len(names)) if j not in shares and j not in choices]
        unique = next((j for j in sizes if _UNIQUE.search(names[j])), None)
        z = np.log(np.where(x > 0, x, 1.0))
        slopes = np.linalg.lstsq(z - z.mean(axis=0), y - y.mean(), rcond=None)[0]
        rising = frozenset(j for j in sizes if slopes[j] > 0)
        return cls(
            tuple(names), tuple(sizes), tuple(choices), tuple(shares), unique, rising, np.exp(z.mean(axis=0))
        )

    def written(self, name: str, template: str, source: str) -> Candidate:
        """Return a candidate from a template: ⟨j⟩ is the input j, parameters that are columns' names get others."""
        taken = {word for word in _WORD.findall(template) if word in self.names and word not in _OWN}
        other = {word: self._other(word, template) for word in taken}
        text = _WORD.sub(lambda found: other.get(found[0], found[0]), template)
        return Candidate(name, _INPUT.sub(lambda found: _quoted(self.names[int(found[1])]), text), source)

    def _other(self, word: str, template: str) -> str:
        while word in self.names or re.search(rf"\b{word}\b", template):
            word += "_"
        return word

    def log(self, j: int) -> str:
        """Return the logarithm of an input over its geometric mean."""
        return f"log(⟨{j}⟩/{self.centre[j]:.4g})"

    def power(self, j: int, exponent: str) -> str:
        """Return an input to a power that falls, or of either sign where y rises with the input."""
        return f"⟨{j}⟩^{'' if j in self.rising else '-'}{exponent}"


def candidates(names: Sequence[str], x: Array, y: Array) -> list[Candidate]:
    """Return the candidate laws of y (n,) over inputs x (n, d).

    >>> N, D = np.meshgrid([1e6, 1e7], [1e8, 1e9])
    >>> x = np.column_stack([N.ravel(), D.ravel()])
    >>> candidates(["N", "D"], x, -np.log(x).sum(axis=1))[0].formula
    'E + A*N^-a + B*D^-b'
    """
    inputs = Inputs.of(names, x, y)
    if inputs.choices:
        found = _valleys(inputs)
    elif inputs.shares and not inputs.sizes:
        found = _mixtures(inputs)
    elif len(names) == 1:
        found = _one(inputs)
    else:
        found = _several(inputs)
    return [inputs.written(*each) for each in found]


_Templates = Iterator[tuple[str, str, str]]
"""Names, templates and sources."""


def _one(inputs: Inputs) -> _Templates:
    """Yield the laws of one size."""
    x = inputs.power(0, "a")
    yield "power", f"A*{x}", "Hestness et al. 2017, arXiv:1712.00409"
    yield "power_floor", f"E + A*{x}", "Hestness et al. 2017, arXiv:1712.00409"
    yield "log_quadratic", f"exp(c + {_polynomial(inputs, [0], 2)})", "second order in logarithms"
    if 0 not in inputs.rising:
        yield "exponential_floor", "E + A*exp(-k*⟨0⟩)", "Sorscher et al. 2022, arXiv:2206.14486"
        yield "stretched_exponential_floor", "E + A*exp(-(⟨0⟩/t)^b)", "Kohlrausch 1854"
        yield "m3", "A*(1/⟨0⟩ + g)^c", "Alabdulmohsin et al. 2022, arXiv:2209.06640"
        broken = "E + A*⟨0⟩^-c0*(1 + (⟨0⟩/d)^(1/f))^(-c1*f)"
        yield "bnsl_1", broken, "Caballero et al. 2022, arXiv:2210.14891"


def _several(inputs: Inputs) -> _Templates:
    """Yield the laws of two sizes or more, and of shares beside them."""
    names = list(range(len(inputs.names)))
    sums, free = _sum(inputs, names)
    product = _product(inputs, names, "p")
    first, second = _polynomial(inputs, names, 1), _polynomial(inputs, names, 2)
    yield "additive", f"E + {sums}{free}", "Hoffmann et al. 2022, arXiv:2203.15556"
    yield "product", f"E + K*{product}", "Clark et al. 2022, arXiv:2202.01169"
    yield "additive_product", f"E + {sums} + K*{product}{free}", "Hoffmann et al. 2022, with a joint term"
    yield "additive_gamma", f"E + ({sums})^g; g in [0.1, 4]", "Beck et al. 2025, arXiv:2510.02228"
    yield "log_quadratic", f"exp(c + {second})", "Clark et al. 2022, with squares"
    yield "log_bilinear_floor", f"E + K*exp({first})", "Clark et al. 2022, eq. 4"
    yield "log_quadratic_floor", f"E + K*exp({second})", "Clark et al. 2022, with squares"
    for last in names:
        others = [j for j in names if j != last]
        rest, rest_free = _sum(inputs, others)
        z, power, by = inputs.log(last), inputs.power(last, "z"), inputs.names[last]
        yield f"additive_times_{by}", f"E + ({rest})*{power}{rest_free}", "Ge et al. 2024, arXiv:2405.14908"
        yield f"all_times_{by}", f"(E + {rest})*{power}{rest_free}", "Ge et al. 2024, arXiv:2405.14908"
        slopes = " + ".join(
            f"{letter}*{inputs.power(j, letter.lower())}*exp(v{i}*{z})"
            for i, (j, letter) in enumerate(zip(others, "ABCD", strict=False), 1)
        )
        yield f"slopes_by_{by}", f"E + {slopes} + V*{power}", "Tao et al. 2024, arXiv:2407.13623"
        yield f"valley_in_{by}", f"E + ({rest})*(1 + h1*{z} + h2*{z}^2)", "Tao et al. 2024, arXiv:2407.13623"
        moved = " + ".join(f"s{i}*{inputs.log(j)}*{z}" for i, j in enumerate(others, 1))
        exponent = f"{_polynomial(inputs, others, 1, pairs=False)} + s*{z} + {moved}"
        yield f"exponents_by_{by}", f"E + V*{power} + K*exp({exponent})", "Li et al. 2025, arXiv:2506.10972"
        joint = _product(inputs, others, "q")
        yield (
            f"saturating_in_{by}",
            f"E + K*{joint}*(1 + R*{power})",
            "Krajewski et al. 2024, arXiv:2402.07871",
        )
        damped = f"E + K*{joint}/(1 + R*⟨{last}⟩^z); z in [0.01, 4]"
        yield f"damped_by_{by}", damped, "Clark et al. 2022, arXiv:2202.01169"
    if inputs.unique is not None:
        yield from _repeated(inputs, inputs.unique)


def _repeated(inputs: Inputs, unique: int) -> _Templates:
    """Yield the laws of repeated data: sizes, the tokens seen, and how many of them are unique."""
    U, others = f"⟨{unique}⟩", [j for j in inputs.sizes if j != unique]
    for seen in others:
        rest = [j for j in others if j != seen]
        sums, free = _sum(inputs, rest)
        before, D, by = f"E + {sums} + " if rest else "E + ", f"⟨{seen}⟩", inputs.names[seen]
        repeats = f"max({D}/{U} - 1, 0)"
        worth = f"{before}F*D_eff^-f; D_eff = {U}*(1 + R*(1 - exp(-{repeats}/R))){free}"
        yield f"repeats_of_{by}", worth, "Muennighoff et al. 2023, arXiv:2305.16264"
        mean = f"{before}F*({U}^u*{D}^(1 - u))^-f; u in [0.001, 1]{free}"
        yield f"mean_of_{by}", mean, "the geometric mean of seen and unique"
        penalty = f"{before}F*({D}/(1 + C*{repeats}^c))^-f; C in [1e-4, 100]; c in [0.1, 4]{free}"
        yield f"crowding_of_{by}", penalty, "a penalty of repetition"
        yield f"scarce_{by}", f"{before}F*{D}^-f*(1 + C*{U}^-u){free}", "a penalty of few unique tokens"
        softmin = f"{before}F*({D}^(-f*q) + (k*{U})^(-f*q))^(1/q)"
        ends = f"; q in [0.2, 20]; f in [0.01, 2]; k in [0.1, 1000]{free}"
        yield f"softmin_of_{by}", softmin + ends, "the smaller of seen and unique, by a q-norm"
        for size in rest:
            less = f"D_eff = {D}/(1 + C*{repeats}^c*⟨{size}⟩^d); c in [0.1, 4]; d in [-1, 2]"
            larger = f"{before}F*D_eff^-f; {less}{free}"
            yield f"overfitting_of_{by}", larger, "a penalty of repetition that grows with the model"


def _valleys(inputs: Inputs) -> _Templates:
    """Yield the laws with an optimum in each choice, whose place and height move with the sizes."""
    sizes, choices = inputs.sizes, inputs.choices
    everything = _polynomial(inputs, range(len(inputs.names)), 2)
    numbered = list(enumerate(choices, 1))
    valley = " + ".join(
        [f"h{i}*{inputs.log(j)} + h{i}{i}*{inputs.log(j)}^2" for i, j in numbered]
        + [f"k{i}{m}*{inputs.log(j)}*{inputs.log(o)}" for (i, j), (m, o) in combinations(numbered, 2)]
        + [f"m{i}_{m}*{inputs.log(j)}*{inputs.log(o)}" for i, j in numbered for m, o in enumerate(sizes, 1)]
    )
    step = "Li et al. 2025, arXiv:2503.04715"
    yield "log_quadratic", f"exp(c + {everything})", f"{step}, second order in logarithms"
    yield "quadratic", f"c + {everything}", f"{step}, second order in logarithms"
    yield "log_quadratic_floor", f"E + K*exp({everything})", f"{step}, second order in logarithms"
    if not sizes:
        return
    sums, free = _sum(inputs, sizes)
    product = _product(inputs, sizes, "p")
    yield "additive_valley", f"E + {sums} + {valley}{free}", f"Hoffmann et al. 2022 and {step}"
    yield "product_valley", f"E + K*{product} + {valley}", f"a product of sizes and {step}"
    joint = f"E + {sums} + K*{product} + {valley}{free}"
    yield "additive_product_valley", joint, f"Hoffmann et al. 2022, with a joint term, and {step}"
    left = f"{step}, in proportion to what is left to learn"
    yield "valley_times_additive", f"E + ({sums})*exp({valley})", left
    yield "valley_times_product", f"E + K*{product}*exp({valley})", left
    yield "valley_times_all", f"(E + {sums})*exp({valley}){free}", f"{step}, in proportion to y"


def _mixtures(inputs: Inputs) -> _Templates:
    """Yield the laws of a mixture's shares."""
    shares = list(inputs.shares)
    linear = " + ".join(f"t{i}*⟨{j}⟩" for i, j in enumerate(shares, 1))
    wide = "".join(f"; t{i} in [-20, 20]" for i in range(1, len(shares) + 1))
    mixing = "Ye et al. 2024, arXiv:2403.16952"
    yield "mixing", f"E + K*exp({linear}){wide}", mixing
    yield "mixing_without_floor", f"exp(K + {linear})", mixing
    yield "linear", f"E + {linear}", "first order in the shares"
    yield (
        "quadratic",
        f"E + {linear} + {' + '.join(f's{i}*⟨{j}⟩^2' for i, j in enumerate(shares, 1))}",
        "second order",
    )
    for own in shares:
        rest = " + ".join(f"t{i}*⟨{j}⟩" for i, j in enumerate(shares, 1) if j != own)
        by, lifted = inputs.names[own], f"(⟨{own}⟩ + o)"
        yield f"log_of_{by}", f"E - B*log{lifted} + {rest}; o in [1e-4, 1]", "the logarithm of one share"
        power = f"exp(c + {rest})*{lifted}^-a; o in [1e-4, 1]; a in [0.001, 2]"
        yield f"power_of_{by}", power, "Ge et al. 2024, arXiv:2405.14908"
        total = f"E + A*{lifted}^-a + {rest}; o in [1e-4, 1]; a in [0.01, 4]"
        yield f"power_sum_of_{by}", total, "a power of one share"


def _sum(inputs: Inputs, names: Sequence[int]) -> tuple[str, str]:
    """Return a sum of powers, and that the coefficients of those that y rises with may have either sign."""
    each = list(zip(names, "ABCD", strict=False))
    terms = " + ".join(f"{letter}*{inputs.power(j, letter.lower())}" for j, letter in each)
    return terms, "".join(f"; {letter} in [-inf, inf]" for j, letter in each if j in inputs.rising)


def _product(inputs: Inputs, names: Sequence[int], tag: str) -> str:
    return "*".join(inputs.power(j, f"{tag}{i}") for i, j in enumerate(names, 1))


def _polynomial(inputs: Inputs, names: Sequence[int], degree: int, pairs: bool = True) -> str:
    """Return the terms of a polynomial in logarithms, without its constant."""
    numbered = [(i, inputs.log(j)) for i, j in enumerate(names, 1)]
    terms = [f"c{i}*{log}" for i, log in numbered]
    terms += [f"c{i}{i}*{log}^2" for i, log in numbered if degree > 1]
    terms += [f"c{i}{k}*{one}*{other}" for (i, one), (k, other) in combinations(numbered, 2) if pairs]
    return " + ".join(terms)


def _quoted(name: str) -> str:
    plain = name.isidentifier() and name not in _OWN
    return name if plain else f"`{name}`"
