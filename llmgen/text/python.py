"""Python source as text: whether it compiles, and which names it defines. Nothing is run."""

from __future__ import annotations

import ast
import warnings

LONGEST = 50_000


def compiles(source: str) -> bool:
    """Whether this Python would take `source` as a module. False for texts that are too long to be tried."""
    return _tree(source) is not None


def defines(source: str, name: str) -> bool:
    """Whether the module `source` defines the function, class or variable `name` at its top level."""
    tree = _tree(source)
    if tree is None:
        return False
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
                names = [found]
            case ast.Assign(targets=targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case _:
                names = []
        if name in names:
            return True
    return False


def _tree(source: str) -> ast.Module | None:
    """The syntax tree of a source that compiles; a misplaced `return` is found by compiling only."""
    if len(source) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes and the like are the author's affair
            tree = ast.parse(source)
            compile(tree, "answer", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree
