#!/usr/bin/env python3
"""Trains the model that decides on values under telling names (docs/detection.md).

  leaktrace rules evaluate LABELS --part tune --candidates tune.jsonl > /dev/null
  benches/model/train.py tune.jsonl [more.jsonl ...] > src/engine/detect/assignment/model.tsv

Each input line is a candidate: {"label": 0 or 1, "repository": "...", "numbers": {name: number}} and
perhaps a "weight". The model is additive: each number is cut into ranges, each range has points (in
thousandths of a natural logarithm of odds), and the points add up. It is fitted as a logistic
regression with a penalty on large points and on steps between neighbouring ranges, by coordinate
descent, and needs nothing but Python. The same input gives the same output.

With --report the repositories are dealt out to five folds, each judged by a model of the other four,
and a table of precision and recall by threshold and one of promised against observed odds are printed
instead of the model.
"""
import argparse, bisect, hashlib, json, math, sys

LEAST = 12        # candidates that a range must have
RANGES = 10       # most ranges a number is cut into
PENALTY = 2.0     # on the square of points
ROUNDS = 60
CATEGORIES = {"kind", "password.form", "secret.form", "vague.form", "password.bare", "secret.bare",
              "vague.bare", "password.mixed", "secret.mixed", "vague.mixed"}


def bounds(name, values):
    """Lower bounds of the ranges of a number: quantiles, or every value of a category."""
    values = sorted(values)
    if name in CATEGORIES or len(set(values)) <= RANGES:
        found = sorted(set(values))
    else:
        found = sorted({values[len(values) * at // RANGES] for at in range(RANGES)} | {values[0]})
    kept = []
    for low in found:
        if not kept:
            kept.append(low)
            continue
        inside = bisect.bisect_left(values, low) - bisect.bisect_left(values, kept[-1])
        rest = len(values) - bisect.bisect_left(values, low)
        if inside >= LEAST and rest >= LEAST:
            kept.append(low)
    return kept


class Model:
    def __init__(self, rows):
        names = sorted({name for row in rows for name in row["numbers"]})
        self.cuts = {n: bounds(n, [r["numbers"][n] for r in rows if n in r["numbers"]]) for n in names}
        self.cuts = {n: c for n, c in self.cuts.items() if len(c) > 1}
        self.points = {(n, at): 0.0 for n, c in self.cuts.items() for at in range(len(c))}
        self.bias = 0.0
        self.fit(rows)

    def cells(self, row):
        for name, cut in self.cuts.items():
            if name in row["numbers"]:
                yield name, max(bisect.bisect_right(cut, row["numbers"][name]) - 1, 0)

    def fit(self, rows):
        members = {}
        for place, row in enumerate(rows):
            for cell in self.cells(row):
                members.setdefault(cell, []).append(place)
        labels = [row["label"] for row in rows]
        weights = [row.get("weight", 1.0) for row in rows]
        scores = [0.0] * len(rows)
        order = sorted(members)
        for _ in range(ROUNDS):
            step = self.newton(range(len(rows)), labels, weights, scores, 0.0, 0.0)
            self.bias += step
            scores = [s + step for s in scores]
            for cell in order:
                step = self.newton(members[cell], labels, weights, scores, self.points[cell], PENALTY)
                self.points[cell] += step
                for place in members[cell]:
                    scores[place] += step

    @staticmethod
    def newton(places, labels, weights, scores, points, penalty):
        slope, bend = -penalty * points, penalty + 1e-6
        for place in places:
            likely = 1 / (1 + math.exp(-scores[place]))
            slope += weights[place] * (labels[place] - likely)
            bend += weights[place] * likely * (1 - likely)
        return max(-1.0, min(1.0, slope / bend))

    def centre(self, rows):
        """Shifts points so that those of each number are 0 on the average candidate: what a number adds
        is then what it says of this candidate and not of all. Odds stay as they are: numbers that
        only one kind of key has give their average to that kind, the others to the bias."""
        groups = {"password": [0], "secret": [1, 2, 3], "vague": [4]}
        for name in sorted(self.cuts, key=lambda name: (name == "kind", name)):
            seen = [row for row in rows if name in row["numbers"]]
            cut = self.cuts[name]
            total = sum(row.get("weight", 1.0) for row in seen)
            mean = sum(row.get("weight", 1.0) * self.points[name, self.place(cut, row["numbers"][name])]
                       for row in seen) / total
            for at in range(len(cut)):
                self.points[name, at] -= mean
            kinds = groups.get(name.split(".")[0]) if "." in name else None
            if kinds is None:
                self.bias += mean
                continue
            for at in {self.place(self.cuts["kind"], kind) for kind in kinds}:
                self.points["kind", at] += mean

    @staticmethod
    def place(cut, number):
        return max(bisect.bisect_right(cut, number) - 1, 0)

    def score(self, row):
        return self.bias + sum(self.points[cell] for cell in self.cells(row))


def fold(row):
    return int(hashlib.sha256((row.get("repository") or "").encode()).hexdigest()[:8], 16) % 5


def report(rows):
    judged = []
    for at in range(5):
        model = Model([row for row in rows if fold(row) != at])
        judged += [(model.score(row), row["label"]) for row in rows if fold(row) == at and row.get("weight", 1) == 1]
    positives = sum(label for _, label in judged)
    print(f"{len(judged)} candidates, {positives} credentials")
    print("threshold  precision  recall")
    for chance in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98):
        least = math.log(chance / (1 - chance))
        chosen = [label for score, label in judged if score >= least]
        precision = sum(chosen) / len(chosen) if chosen else 0
        print(f"{chance:9.2f}  {precision:9.3f}  {sum(chosen) / positives:6.3f}")
    print("promised      candidates  observed")
    for low, high in ((0, .1), (.1, .3), (.3, .5), (.5, .7), (.7, .8), (.8, .9), (.9, .95), (.95, 1.01)):
        inside = [label for score, label in judged if low <= 1 / (1 + math.exp(-score)) < high]
        if inside:
            print(f"{low:.2f} to {min(high, 1):.2f}  {len(inside):10}  {sum(inside) / len(inside):8.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("candidates", nargs="+")
    parser.add_argument("--report", action="store_true")
    arguments = parser.parse_args()
    rows = [json.loads(line) for path in arguments.candidates for line in open(path, encoding="utf-8")]
    if arguments.report:
        return report(rows)
    model = Model(rows)
    model.centre(rows)
    print(f"bias\t0\t{round(model.bias * 1000)}")
    for name, cut in sorted(model.cuts.items()):
        for at, low in enumerate(cut):
            print(f"{name}\t{low}\t{round(model.points[name, at] * 1000)}")


main()
