# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The words of the benchmark: what is measured (Test), on what (Subject), and what is asked of it (Row)."""
import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Test:
    """A prompt read at once, or tokens generated one by one after `depth` positions."""
    __test__ = False  # not one of pytest's
    prompt: int = 0
    generate: int = 0
    depth: int = 0

    @property
    def tokens(self):
        return self.prompt or self.generate

    @property
    def positions(self):
        return self.depth + self.tokens

    def __str__(self):
        name = f"pp{self.prompt}" if self.prompt else f"tg{self.generate}"
        return name + (f" @ d{self.depth}" if self.depth else "")


@dataclasses.dataclass(frozen=True)
class Subject:
    """An engine with a checkpoint. `options` and `cpu` are llm-compile's arguments and SINTER_CPU, of sinter alone;
    `build` names one of two builds when those are compared."""
    engine: str
    checkpoint: str = "q4_1"
    options: tuple = ()
    cpu: str = ""
    build: str = ""

    def __str__(self):
        words = [self.build or self.engine, self.checkpoint, *self.options, self.cpu]
        return " ".join(word for word in words if word)


@dataclasses.dataclass(frozen=True)
class Row:
    """Tokens a second of `ours` over those of the best of `peers`.

    `threads` is a count for both sides, or None: each side at the best of its counts. Or ours and theirs apart:
    (2, 1) compares two threads of ours with one of theirs. `of_stream` divides the ratio by the same ratio of
    the stream probe: what is left is ours.
    """
    name: str
    what: str
    group: str
    ours: Subject
    peers: tuple
    test: Test
    floor: float
    aim: float
    threads: int | tuple | None = None
    of_stream: bool = False
    default: bool = True


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number that has no peer, such as seconds of a compile; smaller is better."""
    name: str
    what: str
    group: str
    measure: Callable
    unit: str
    floor: float
    aim: float
    default: bool = True


@dataclasses.dataclass(frozen=True)
class Fraction:
    """A field of llm-bench --json that is itself a fraction of a probe of the same run."""
    name: str
    what: str
    group: str
    ours: Subject
    test: Test
    threads: int
    field: str
    floor: float
    aim: float
    default: bool = True


@dataclasses.dataclass
class Result:
    """What a row came to. `ratios` has one value a repetition."""
    row: Row | Figure | Fraction
    ours: float | None = None
    peer: float | None = None
    peer_name: str = ""
    ratios: list = dataclasses.field(default_factory=list)
    missing: str = ""
