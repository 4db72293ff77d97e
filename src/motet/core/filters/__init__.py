"""The one condition language: conditions, triggers and segments in MongoDB's notation. Read `tree.py` first.

Comes in: a spec such as `{"cart_value": {"$gt": 50}}`. Goes out: a Filter over a view (a map of names to values).
Never looks at anything but the view it is given.
"""

from motet.core.filters.compiler import Filter, compile_filter
from motet.core.filters.tree import Needs

__all__ = ["Filter", "Needs", "compile_filter"]
