# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The words of the benchmark: what is measured (Test), on what (Subject), and what is asked of it (the rows)."""
import dataclasses
import statistics
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Test:
    """After `depth` positions: a prompt read at once, tokens generated one by one, or, of ours alone, tokens of several
    sessions generated together, or one forward over `rows` rows of a session with all their logits."""
    __test__ = False  # not one of pytest's
    prompt: int = 0
    generate: int = 0
    depth: int = 0
    rows: int = 0
    sessions: int = 1

    @property
    def tokens(self):
        return self.prompt or self.generate or self.rows

    @property
    def positions(self):
        return self.depth + self.tokens

    def __str__(self):
        name = f"pp{self.prompt}" if self.prompt else f"tg{self.generate}" if self.generate else f"fw{self.rows}"
        return name + (f" x {self.sessions}" if self.sessions > 1 else "") + (f" @ d{self.depth}" if self.depth else "")


@dataclasses.dataclass(frozen=True)
class Subject:
    """An engine with a checkpoint. Of sinter alone: `options` and `cpu` are llm-compile's arguments and SINTER_CPU; `where` is
    "one-core" or "neighbour" (a process that computes has the last core); `build` names one of two that are compared."""
    engine: str
    checkpoint: str = "q4_1"
    options: tuple = ()
    cpu: str = ""
    where: str = ""
    build: str = ""

    def __str__(self):
        words = [self.build or self.engine, self.checkpoint, *self.options, self.cpu, self.where]
        return " ".join(word for word in words if word)


def quartiles(values):
    """(lower, median, upper); the spread that the table shows is the inner half."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


@dataclasses.dataclass(frozen=True)
class Bound:
    """What all rows have: a name, what it says, the group that is measured together, and two marks."""
    name: str
    what: str
    group: str
    floor: float
    aim: float

    def verdict(self, values):
        value = statistics.median(values)
        return "aim" if value >= self.aim else "pass" if value >= self.floor else "FAIL"

    def show(self, value):
        return f"{value:.2f}"


class SmallerIsBetter:
    """Of a row whose marks are upper bounds."""

    def verdict(self, values):
        value = statistics.median(values)
        return "aim" if value <= self.aim else "pass" if value <= self.floor else "FAIL"


@dataclasses.dataclass(frozen=True)
class Row(Bound):
    """Tokens a second of `ours` over those of the best of `peers`.

    `threads` is a count for both sides, or None: each side at the best of its counts. Or ours and theirs apart:
    (2, 1) compares two threads of ours with one of theirs. `over_stream` divides the ratio by the same ratio of the
    stream probe: what is left is not the machine's.
    """
    ours: Subject
    peers: tuple
    test: Test
    threads: int | tuple | None = None
    over_stream: bool = False
    default: bool = True


@dataclasses.dataclass(frozen=True)
class Fraction(Bound):
    """A field of llm-bench --json that compares with something else of the same run, such as what a probe reached."""
    ours: Subject
    test: Test
    threads: int
    field: str
    default: bool = True


@dataclasses.dataclass(frozen=True)
class Overhead(SmallerIsBetter, Fraction):
    """A ratio of times in one run."""


@dataclasses.dataclass(frozen=True)
class Figure(SmallerIsBetter, Bound):
    """A number without a peer, such as the seconds of a compile; smaller is better."""
    measure: Callable
    unit: str
    default: bool = True

    def show(self, value):
        return f"{value:.1f}"


@dataclasses.dataclass(frozen=True)
class Kernel(Bound):
    """A fraction of a limit by a program that takes turns with its probes itself."""
    measure: Callable
    default: bool = False


@dataclasses.dataclass(frozen=True)
class Repeated(Kernel):
    """By a program that repeats, too: `measure` is told how often, at least three times, and gives a value for each."""


@dataclasses.dataclass(frozen=True)
class Cost(SmallerIsBetter, Kernel):
    """A ratio of times by such a program."""


@dataclasses.dataclass(frozen=True)
class Regression(Row):
    """New build over old. Fallen is what is slower by more than 2 % and in three of four repetitions: the machine's
    noise seldom leans one way so long."""

    def verdict(self, values):
        _, median, upper = quartiles(values)
        return "FALLEN" if median < self.floor and upper < 1 else "faster" if median > 2 - self.floor else "same"


@dataclasses.dataclass(frozen=True)
class FigureRegression(Regression):
    """The old build's figure over the new one's, so that greater is better here too."""
    measure: Callable | None = None


@dataclasses.dataclass
class Result:
    """What a row came to. `values` has one a repetition: ratios, fractions, or the figure itself."""
    row: Bound
    ours: float | None = None
    peer: float | None = None
    peer_name: str = ""
    values: list = dataclasses.field(default_factory=list)
    missing: str = ""

    @property
    def verdict(self):
        return self.row.verdict(self.values) if self.values else "missing"
