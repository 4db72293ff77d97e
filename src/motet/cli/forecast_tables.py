"""A simulation's report on a terminal: the figures first, then the steps, days and a few people's ways."""

from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape

from motet.cli.printing import out, print_line, print_table
from motet.simulation.forecast.report import Count, Example, Report

_BARS = " ▁▂▃▄▅▆▇█"
_MOST_LINES = 14


def print_report(report: Report) -> None:
    """The whole report, for a marketer's eyes."""
    _print_head(report)
    _print_steps(report)
    _print_channels(report)
    _print_reasons(report)
    _print_days(report)
    for example in report.examples:
        _print_example(example)
    for note in report.notes:
        print_line(note, "warning")


def _print_head(report: Report) -> None:
    t = report.totals
    who = {"made-up": "made-up people", "real": "real people", "segment": f"people in {report.segment}"}[report.people]
    out.print(f"[bold]{escape(report.title)}[/]  [dim]{escape(report.name)}, started by {escape(report.trigger)}[/]")
    out.print(
        f"{t.customers:,} {escape(who)}, {report.days} days from {report.start:%d %b %Y}, seed {report.seed}. "
        "[dim]Nothing was sent.[/]"
    )
    if report.beside:
        out.print(f"[dim]Beside: {escape(', '.join(report.beside))}[/]")
    _head("What would happen")
    print_table(
        ("entered", "finished", "left early", "on the way", "sent", "held", "not sent", "goal"),
        [(t.entered, t.finished, t.exited, t.waiting, t.sent, t.held, t.dropped, sum(g.count for g in report.goals))],
    )


def _print_steps(report: Report) -> None:
    _head("Step by step")
    rows = [
        (
            step.name,
            step.summary,
            step.entered,
            step.waiting,
            step.passed,
            step.left,
            ", ".join(f"{word} {count:,}" for word, count in step.sent.items()),
            _told(step.dropped),
        )
        for step in report.steps
    ]
    print_table(("step", "what it does", "came", "wait here", "went on", "left", "sent", "not sent"), rows)


def _print_channels(report: Report) -> None:
    if report.channels:
        _head("By channel")
        rows = [
            (c.channel, c.sent, c.held, c.dropped, c.opened, c.clicked, c.converted, c.unsubscribed)
            for c in report.channels
        ]
        columns = ("channel", "sent", "held", "not sent", "opened", "clicked", "converted", "unsubscribed")
        print_table(columns, rows)


def _print_reasons(report: Report) -> None:
    groups = (("Why people left", report.exits), ("Why people were not let in", report.refused),
              ("Goals", report.goals), ("Sent by others to the same people", report.others))  # fmt: skip
    for title, counts in groups:
        if counts:
            _head(title)
            print_table(("count", "what"), [(count.count, count.text or count.word) for count in counts])


def _print_days(report: Report) -> None:
    _head("Day by day")
    most = max((day.sent for day in report.daily), default=0)
    rows = [
        (f"{day.date:%a %d %b}", _bar(day.sent, most), day.entered, day.sent, day.held, day.dropped, day.left)
        for day in report.daily
    ]
    print_table(("day", "", "entered", "sent", "held", "not sent", "left"), rows)


def _print_example(example: Example) -> None:
    _head(f"{example.customer} ({example.timezone}): {example.outcome}", f"like {example.like:,}")
    for line in example.lines[:_MOST_LINES]:
        place = f"  [dim]{escape(line.step)}[/]" if line.step else ""
        out.print(f"  [dim]{escape(line.local)}[/]  {escape(line.text)}{place}")
    if len(example.lines) > _MOST_LINES:
        out.print(f"  [dim]and {len(example.lines) - _MOST_LINES} more[/]")


def _head(title: str, aside: str = "") -> None:
    out.print(f"\n[bold]{escape(title)}[/]{f'  [dim]{escape(aside)}[/]' if aside else ''}")


def _told(counts: Iterable[Count]) -> str:
    return ", ".join(f"{count.word.replace('_', ' ')} {count.count:,}" for count in counts)


def _bar(count: int, most: int) -> str:
    """Twelve characters at most, in eighths."""
    eighths = round(96 * count / most) if most else 0
    return "█" * (eighths // 8) + (_BARS[eighths % 8] if eighths % 8 else "")
