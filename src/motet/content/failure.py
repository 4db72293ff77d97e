"""What can go wrong with content: a template that is wrong for everybody, and one that fails for one customer."""

from __future__ import annotations

from motet.core.errors import MotetError, Problem


class RenderFailed(MotetError):
    """The content cannot be made for this customer; others may be fine. `problem` says why."""

    code = "content.render_failed"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class TemplateFault(MotetError):
    """The template is wrong, whoever it is for. `line` and `column` count from 1."""

    code = "template.fault"

    def __init__(self, problem: Problem, line: int, column: int) -> None:
        self.problem, self.line, self.column = problem, line, column
        super().__init__(str(problem))


def fault(code: str, message: str, source: str, offset: int, fix: str = "") -> TemplateFault:
    """A TemplateFault at `offset` of `source`, with the place written into its message."""
    line = source.count("\n", 0, offset) + 1
    column = offset - (source.rfind("\n", 0, offset) + 1) + 1
    return TemplateFault(Problem(code, f"line {line}, column {column}: {message}", "", fix), line, column)
