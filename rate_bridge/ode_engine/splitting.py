"""A plasticity expression as a sum of products: presynaptic, postsynaptic and synaptic factors.

Most local rules are such sums, and then one matrix product does what would otherwise be a number
for every synapse and every sample. What cannot be written so is kept aside, not refused.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import sympy

ONE = sympy.Integer(1)
PRE, POST, SYNAPSE = "pre", "post", "synapse"


class Product(NamedTuple):
    """``coefficient * synapse * post * pre``; a factor that is absent is 1."""

    coefficient: sympy.Expr
    synapse: sympy.Expr
    post: sympy.Expr
    pre: sympy.Expr


class SplitSum(NamedTuple):
    """An expression as the sum of its products and of what is mixed."""

    products: tuple[Product, ...]
    mixed: sympy.Expr

    @property
    def unsplit(self) -> sympy.Expr:
        """The expression again."""
        return sympy.Add(self.mixed, *(sympy.Mul(*product) for product in self.products))


def split(tree: sympy.Expr, states: Collection[str]) -> SplitSum:
    """The products of an expression.

    Parameters
    ----------
    tree : sympy.Expr
        Over names that end in ``_pre`` or ``_post``, the synapse's states, and constants.
    states : collection of str
        Names of the synapse's states.
    """
    expanded = tree.expand(
        mul=True, multinomial=True, power_base=True, power_exp=False, log=False, basic=False
    )
    mixed: list[sympy.Expr] = []
    found: dict[tuple[sympy.Expr, ...], sympy.Expr] = defaultdict(lambda: sympy.Integer(0))
    for term in sympy.Add.make_args(expanded):
        parts = dict.fromkeys((None, SYNAPSE, POST, PRE), ONE)
        for factor in sympy.Mul.make_args(term):
            kinds = {_kind(symbol.name, states) for symbol in factor.free_symbols} - {None}
            if len(kinds) > 1:
                mixed.append(term)
                break
            kind = kinds.pop() if kinds else None
            parts[kind] = parts[kind] * factor
        else:
            if term != 0:
                found[parts[SYNAPSE], parts[POST], parts[PRE]] += parts[None]
    return SplitSum(tuple(_gathered(found)), sympy.Add(*mixed))


def _kind(name: str, states: Collection[str]) -> str | None:
    if name.endswith("_pre"):
        return PRE
    if name.endswith("_post"):
        return POST
    return SYNAPSE if name in states else None


def _gathered(found: dict[tuple[sympy.Expr, ...], sympy.Expr]) -> list[Product]:
    """Products that share the synaptic and the presynaptic factor made one."""
    together: dict[tuple[sympy.Expr, sympy.Expr], list[tuple[sympy.Expr, sympy.Expr]]]
    together = defaultdict(list)
    for (synapse, post, pre), coefficient in found.items():
        together[synapse, pre].append((coefficient, post))
    products = []
    for (synapse, pre), summands in together.items():
        if len(summands) == 1 or pre == ONE:
            products += [Product(c, synapse, post, pre) for c, post in summands]
        else:
            whole = sympy.Add(*(c * post for c, post in summands))
            products.append(Product(ONE, synapse, whole, pre))
    return products
