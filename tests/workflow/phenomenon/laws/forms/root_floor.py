"""y = E + A/√D: noise of estimated weights above a floor."""

from lawbook.laws.forms._written import written

law = written("root_floor", "E + A*D^-0.5", ["D"], "the central limit theorem")
