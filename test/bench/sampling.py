# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Engines take turns, repetition by repetition, so that a machine that slows down slows all of them."""
import engines
import engines.sinter
from model import Fraction
from worker import Worker
from workshop import Missing, say


class Bench:
    """Samples of cells; a cell is (subject, threads, test)."""

    def __init__(self, workshop, builds, thread_counts):
        self.workshop, self.builds, self.thread_counts = workshop, builds, thread_counts
        self.samples, self.missing = {}, {}

    def cells(self, row):
        """What a row needs, ours and the peers' of the same thread count side by side."""
        if isinstance(row, Fraction):
            return [(row.ours, row.threads, row.test)]
        pair = row.threads if isinstance(row.threads, tuple) else (row.threads, row.threads)
        return [(subject, threads, row.test)
                for only, subjects in zip(pair, ([row.ours], row.peers))
                for threads in ([only] if only else self.thread_counts) for subject in subjects]

    def measure(self, rows, repetitions):
        """Samples every cell of these rows, which belong to one group."""
        cells = self.cells_of(rows)
        running = {}
        try:
            # All are loaded before the first measurement, which nothing disturbs then.
            for cell in cells:
                self.attempt(cell, lambda cell: self.open(cell, cells, running))
            for repetition in range(repetitions):
                # There and back, so that none always comes after the same neighbour.
                for cell in reversed(cells) if repetition % 2 else cells:
                    self.attempt(cell, lambda cell: self.sample(cell, running))
                if cells:
                    say(f"{rows[0].group}: repetition {repetition + 1} of {repetitions}")
        finally:
            for engine in running.values():
                engine.close()

    def prepare(self, rows):
        """Installs, converts and compiles what measuring these rows will need."""
        for cell in self.cells_of(rows):
            self.attempt(cell, lambda cell: self.path(cell[0]))

    def cells_of(self, rows):
        return list(dict.fromkeys(cell for row in rows if hasattr(row, "test") and row.test for cell in self.cells(row)))

    def attempt(self, cell, step):
        """A step that fails once ends the cell, not the run."""
        if cell in self.missing:
            return
        try:
            step(cell)
        except Missing as reason:
            self.missing[cell] = str(reason)
            say(f"missing: {cell[0]}: {reason}")

    def sample(self, cell, running):
        self.samples.setdefault(cell, []).append(running[cell[:2]].sample(cell[2]))

    def path(self, subject):
        """What the engine loads."""
        if subject.engine == engines.sinter.NAME:
            return engines.sinter.prepare(self.workshop, subject, self.builds[subject.build])
        return engines.module(subject.engine).prepare(self.workshop, subject)

    def open(self, cell, cells, running):
        subject, threads, _ = cell
        if (subject, threads) in running:
            return
        path = self.path(subject)
        if subject.engine == engines.sinter.NAME:
            running[subject, threads] = engines.sinter.Engine(self.builds[subject.build], path, threads, subject)
        else:
            positions = max(test.positions for who, count, test in cells if (who, count) == (subject, threads))
            running[subject, threads] = Worker(self.workshop, subject.engine, path, threads, positions)
