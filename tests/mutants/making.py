"""The small changes that are made to a module, one at a time: a comparison, a boundary, a negation, a line left out.

Mutants are made on the syntax tree, in place: whoever makes one forks first. What is said to people (texts under fi,
sv and en, descriptions, sentences) is not changed, nor are annotations, decorators and assertions.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable
from typing import Any

#: What each comparison becomes: its other boundary, and its opposite.
COMPARED: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
RECKONED: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}

KINDS = (
    "comparison", "boolean", "negated", "constant", "reckoned", "swapped", "returned", "left out", "text",
)  # fmt: skip

#: Under these names stands what people read; the manual and the contract are compared whole elsewhere.
SAID = {"fi", "sv", "en", "title", "law", "closes", "metadata", "description", "example", "summary", "match"}
_SENTENCE = re.compile(r"\w[,:;]? \w|\w\.$|^\W+$")


@dataclasses.dataclass(frozen=True, slots=True)
class Mutant:
    """One change: its kind, where, in words, and what makes it.

    `within` is the outermost function around it, by qualified name and first line; None at the top of the module.
    """

    kind: str
    line: int
    column: int
    told: str
    apply: Callable[[], None]
    within: tuple[str, int] | None

    @property
    def name(self) -> str:
        """The place and the change, for people."""
        return f"{self.line}:{self.column} {self.kind}: {self.told}"


def mutants(tree: ast.Module) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines. Each is made in the tree itself when it is applied."""
    maker = _Maker()
    maker.body(tree.body, docstring=True)
    return sorted(maker.made, key=lambda one: (one.line, one.column, one.kind, one.told))


class _Maker:
    def __init__(self) -> None:
        self.made: list[Mutant] = []
        self.within: tuple[str, int] | None = None
        self.path: list[str] = []

    # --- what is walked

    def body(self, statements: list[ast.stmt], *, docstring: bool = False) -> None:
        for position, one in enumerate(statements):
            if docstring and position == 0 and _text(one):
                continue
            self.statement(one, statements, position)

    def statement(self, one: ast.stmt, around: list[ast.stmt], position: int) -> None:
        if isinstance(one, ast.FunctionDef):
            self.function(one)
        elif isinstance(one, ast.ClassDef):
            self.path.append(one.name)
            self.body(one.body, docstring=True)
            self.path.pop()
        elif _declares(one):
            return
        else:
            if _may_go(one):
                self.make("left out", one, _short(one), lambda: around.__setitem__(position, _nothing(one)))
            self.parts(one)

    def function(self, one: ast.FunctionDef) -> None:
        for default in (*one.args.defaults, *one.args.kw_defaults):
            if default is not None:
                self.expression(default)
        outermost = self.within is None
        self.path.append(one.name)
        if outermost:
            first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            self.within = (".".join(self.path), first)
        self.body(one.body, docstring=True)
        self.path.pop()
        if outermost:
            self.within = None

    def parts(self, node: ast.AST) -> None:
        """What is in a node, statement or expression."""
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_params", "ctx") or _is_said(node, name):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.stmt):
                    self.statement(child, value, value.index(child))
                elif isinstance(child, ast.expr):
                    self.expression(child)
                elif isinstance(child, ast.AST):
                    self.parts(child)
        self.condition(node)
        if isinstance(node, ast.Return) and node.value is not None and not _yes_or_no(node.value):
            self.make(
                "returned", node, f"{_short(node)} -> return None", _set(node, "value", ast.Constant(None))
            )

    def condition(self, node: ast.AST) -> None:
        """A condition that is no comparison is negated; comparisons and the like are changed themselves."""
        if isinstance(node, ast.If | ast.IfExp | ast.While) and not _changes_itself(node.test):
            self.make("negated", node.test, f"not {_short(node.test)}", _set(node, "test", _not(node.test)))
        if isinstance(node, ast.comprehension):
            for position, test in enumerate(node.ifs):
                if not _changes_itself(test):
                    self.make("negated", test, f"not {_short(test)}", _put(node.ifs, position, _not(test)))

    def expression(self, node: ast.expr) -> None:
        if isinstance(node, ast.JoinedStr):
            said = any(_sentence(part) for part in node.values if isinstance(part, ast.Constant))
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    self.expression(part.value)
                elif not said:
                    self.constant(part)
            return
        if isinstance(node, ast.Subscript) and _named(node.value) in ("Literal", "cast"):
            return
        if isinstance(node, ast.Call) and _named(node.func) in ("cast", "TypeVar", "NewType"):
            return
        if isinstance(node, ast.Constant):
            self.constant(node)
            return
        self.operators(node)
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and not _language(key):
                    self.expression(key)
                if key is None or not _language(key):
                    self.expression(value)
            return
        self.parts(node)

    # --- what is made

    def operators(self, node: ast.expr) -> None:
        if isinstance(node, ast.Compare):
            for position, operator in enumerate(node.ops):
                for other in COMPARED[type(operator)]:
                    told = f"{_short(node)}: {type(operator).__name__} -> {other.__name__}"
                    self.make("comparison", node, told, _put(node.ops, position, other()))
        elif isinstance(node, ast.BoolOp):
            other = ast.Or if isinstance(node.op, ast.And) else ast.And
            self.make("boolean", node, f"{_short(node)} -> {other.__name__}", _set(node, "op", other()))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.make("negated", node, f"{_short(node)} -> without not", _set(node, "op", _Bool()))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            self.make("reckoned", node, f"{_short(node)} -> without minus", _set(node, "op", ast.UAdd()))
        elif isinstance(node, ast.BinOp) and type(node.op) in RECKONED:
            other = RECKONED[type(node.op)]
            self.make("reckoned", node, f"{_short(node)} -> {other.__name__}", _set(node, "op", other()))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SWAPPED:
            other = SWAPPED[node.func.id]
            self.make("swapped", node, f"{_short(node)} -> {other}", _set(node.func, "id", other))

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        others: list[Any] = []
        if isinstance(value, bool):
            others = [not value]
        elif isinstance(value, int):
            others = [value + 1, value - 1]
        elif isinstance(value, str) and not _sentence(node):
            others = [value + "x"]
        for other in others:
            kind = "text" if isinstance(value, str) else "constant"
            self.make(kind, node, f"{value!r} -> {other!r}", _set(node, "value", other))

    def make(self, kind: str, node: ast.AST, told: str, apply: Callable[[], None]) -> None:
        self.made.append(Mutant(kind, node.lineno, node.col_offset, told, apply, self.within))


class _Bool(ast.UAdd):
    """Stands for `bool(…)` where a `not` is taken away; `finished` puts the call there."""


class _Finish(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, _Bool):
            return node
        return ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])


def finished(tree: ast.Module) -> ast.Module:
    """The tree with a mutant in it, as it can be compiled."""
    return ast.fix_missing_locations(_Finish().visit(tree))


def _set(node: ast.AST, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _put(values: list[Any], position: int, value: Any) -> Callable[[], None]:
    return lambda: values.__setitem__(position, value)


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _nothing(one: ast.stmt) -> ast.stmt:
    """What stands for a statement left out; a generator stays one."""
    if isinstance(one, ast.Expr) and isinstance(one.value, ast.Yield | ast.YieldFrom):
        unreached: ast.stmt = ast.If(ast.Constant(False), [one], [])
        return ast.copy_location(unreached, one)
    return ast.copy_location(ast.Pass(), one)


def _may_go(one: ast.stmt) -> bool:
    if isinstance(one, ast.Expr):
        return not isinstance(one.value, ast.Constant)
    if isinstance(one, ast.Assign):
        return not isinstance(one.targets[0], ast.Name | ast.Tuple)
    if isinstance(one, ast.Return):
        return one.value is None
    return isinstance(one, ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete)


def _changes_itself(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare | ast.BoolOp | ast.Constant) or (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _yes_or_no(value: ast.expr) -> bool:
    """None and False read alike where the answer is yes or no; those parts are changed themselves."""
    if isinstance(value, ast.Constant):
        return value.value is None or isinstance(value.value, bool)
    return _changes_itself(value) or (
        isinstance(value, ast.Call) and _named(value.func) in ("bool", "any", "all")
    )


def _is_said(node: ast.AST, field: str) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in SAID
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return field in ("decorator_list", "keywords", "bases")
    return False


def _declares(one: ast.stmt) -> bool:
    """What is no part of the running program."""
    if isinstance(one, ast.Assign):
        return _named(one.targets[0]) in ("__all__", "__slots__")
    if isinstance(one, ast.If):
        return _named(one.test) == "TYPE_CHECKING"
    return isinstance(one, ast.Import | ast.ImportFrom | ast.Assert | ast.Global | ast.Nonlocal)


def _language(key: ast.expr) -> bool:
    return isinstance(key, ast.Constant) and key.value in SAID


def _sentence(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SENTENCE.search(node.value))
    )


def _text(one: ast.stmt) -> bool:
    return isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)


def _named(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else text[:67] + "..."
