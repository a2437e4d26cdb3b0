#!/usr/bin/env python3
"""What the Gaussian processes are worth on two tables of real growths, beside scikit-learn.

growth_tables.py [--bin build/release/bin] [--folder DIR]

MoS2: probability of growth out of sight, by nested cross-validation (outer: 10 folds, 5 times; inner: 5 folds that
choose the kernel here, the penalty of the logistic regression and the leaf size of the random forest there), on the same
outer folds, which growth_tables prints. Once with rows dealt to folds, once with all rows of equal settings in one
fold. A loss is the mean of a row's five; its interval is the central 95 % of 10,000 bootstrap samples of the distinct
settings, since growths at equal settings depend on each other.

ReSe2: growths of a round, ranked by the expected improvement that a process of the rounds before says of them. What can
be known is which half of the growths that were done it would have done first; what other recipes would have given, cannot.

With --folder, predictions of growth_tables are read from there where they are, and left there.
"""

import argparse
import csv
import io
import itertools
import os
import pathlib
import subprocess
import warnings

import numpy
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "cvd_tables"
LEAST = 1e-3  # a forest says 0 and 1, whose logarithm nobody survives
SAMPLES = 10_000
BINS = numpy.linspace(0, 1, 6)


def table(arguments, name, *how):
    """The columns that growth_tables prints."""
    kept = pathlib.Path(arguments.folder, name + ".csv") if arguments.folder else None
    if kept and kept.exists():
        text = kept.read_text()
    else:
        program = os.path.join(arguments.bin, "growth_tables")
        text = subprocess.run([program, *how], check=True, capture_output=True, text=True).stdout
        if kept:
            kept.write_text(text)
    rows = list(csv.DictReader(io.StringIO(text)))
    return {key: numpy.array([float(row[key]) for row in rows]) for key in rows[0]}


def features():
    with open(DATA / "mos2" / "train.csv", encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))[1:]
    text = {"Face Down (Flat)": 0.0, "Face Down (Tilted)": 1.0}
    cells = [[cell.strip() for cell in row[1:8]] for row in rows]
    return numpy.array([[text[cell] if cell in text else float(cell) for cell in row] for row in cells])


def models(seed):
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    forest = RandomForestClassifier(n_estimators=200, random_state=seed)
    return {
        "logistic regression": (logistic, {"logisticregression__C": [0.01, 0.1, 1.0, 10.0, 100.0]}),
        "random forest": (forest, {"min_samples_leaf": [1, 3]}),
    }


def rivals(x, grown, groups, folds, repeats):
    """Probabilities, rows by repeats, of each model of scikit-learn on these outer folds."""
    said = {name: numpy.zeros((len(x), repeats)) for name in models(0)}
    for repeat in range(repeats):
        for left in range(int(folds.max()) + 1):
            out = folds[:, repeat] == left
            inner = StratifiedKFold(5, shuffle=True, random_state=left) if groups is None else GroupKFold(5)
            splits = list(inner.split(x[~out], grown[~out], None if groups is None else groups[~out]))
            for name, (model, grid) in models(left).items():
                search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=splits).fit(x[~out], grown[~out])
                said[name][out, repeat] = search.predict_proba(x[out])[:, 1]
    return said


def log_loss(p, grown):
    p = numpy.clip(p, LEAST, 1 - LEAST)
    return -numpy.where(grown[:, None] == 1, numpy.log(p), numpy.log(1 - p)).mean(axis=1)


def brier(p, grown):
    return ((p - grown[:, None]) ** 2).mean(axis=1)


def resampled(settings):
    """Numbers of times that each row is in each bootstrap sample of the distinct settings."""
    random = numpy.random.default_rng(1)
    distinct = settings.max() + 1
    counts = random.multinomial(distinct, numpy.full(distinct, 1 / distinct), SAMPLES)
    return counts[:, settings]


def interval(values, counts):
    means = counts @ values / counts.sum(axis=1)
    low, high = numpy.quantile(means, [0.025, 0.975])
    return f"{values.mean():+.3f} ({low:+.3f} … {high:+.3f})"


def calibration_error(p, grown, weight):
    """Mean distance of share grown and mean probability over bins, weighted by what is in them."""
    at = numpy.clip(numpy.digitize(p, BINS) - 1, 0, len(BINS) - 2)
    total = 0.0
    for k in range(len(BINS) - 1):
        inside = weight * (at == k)
        if inside.sum() > 0:
            total += abs((inside * (grown[:, None] - p)).sum())
    return total / weight.sum()


def print_calibration(name, p, grown, counts):
    at = numpy.clip(numpy.digitize(p, BINS) - 1, 0, len(BINS) - 2)
    print(f"\n{name}: probability said | rows a repeat | mean said | share grown (95 % of bootstrap)")
    print("| --- | ---: | ---: | --- |")
    for k in range(len(BINS) - 1):
        inside = (at == k).sum(axis=1)
        share = lambda count: (count * inside * grown).sum(-1) / numpy.maximum((count * inside).sum(-1), 1e-9)
        low, high = numpy.quantile(share(counts), [0.025, 0.975])
        mean = p[at == k].mean() if inside.any() else float("nan")
        seen = share(numpy.ones(len(grown)))
        print(
            f"| {BINS[k]:.1f}–{BINS[k + 1]:.1f} | {inside.sum() / p.shape[1]:.1f} | {mean:.2f} |"
            f" {seen:.2f} ({low:.2f} … {high:.2f}) |"
        )
    errors = [calibration_error(p, grown, count[:, None] * numpy.ones_like(p)) for count in counts[:2000]]
    low, high = numpy.quantile(errors, [0.025, 0.975])
    error = calibration_error(p, grown, numpy.ones_like(p))
    print(f"expected calibration error {error:.3f} ({low:.3f} … {high:.3f})")


def print_mos2(arguments, unit):
    said = table(arguments, "mos2_" + unit, "mos2", "--unit", unit)
    repeats, rows = int(said["repeat"].max()) + 1, int(said["row"].max()) + 1
    shaped = {key: value.reshape(repeats, rows).T for key, value in said.items()}
    grown, settings = shaped["grown"][:, 0], shaped["setting"][:, 0].astype(int)
    x = features()
    p = {"Gaussian process": shaped["probability"]}
    p.update(rivals(x, grown, None if unit == "rows" else settings, shaped["fold"], repeats))
    share = [[grown[fold != fold[i]].mean() for fold in shaped["fold"].T] for i in range(rows)]
    p["share of growths alone"] = numpy.array(share)
    counts = resampled(settings)
    print(f"\nMoS2, {rows} growths at {settings.max() + 1} settings, left out by {unit}\n")
    print("| model | log loss | less Gaussian process's | Brier score | less Gaussian process's |")
    print("| --- | --- | --- | --- | --- |")
    ours = p["Gaussian process"]
    for name, theirs in p.items():
        cells = []
        for loss in (log_loss, brier):
            value = loss(theirs, grown)
            cells.append(interval(value, counts).replace("+", ""))
            cells.append(interval(value - loss(ours, grown), counts) if theirs is not ours else "")
        print(f"| {name} | {' | '.join(cells)} |")
    for name in ("Gaussian process", "random forest"):
        print_calibration(name, p[name], grown, counts)


def print_rese2(arguments):
    said = table(arguments, "rese2", "rese2")
    random = numpy.random.default_rng(2)
    print("\nReSe2: growths of a round, ranked by a process of the rounds before\n")
    print(
        "| round | median y1 done | mean y1 of the better half by expected improvement |"
        " less the median (95 % of bootstrap) | of 5 above the median | chance of a mean so high (all 252 halves) |"
        " rank correlation (chance) | rmse | 90 % intervals cover |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for number in (1, 2):
        at = said["round"] == number
        y, gain, mean = said["y"][at], said["improvement"][at], said["mean"][at]
        sd = numpy.sqrt(said["epistemic"][at] + said["aleatoric"][at])
        first = numpy.argsort(-gain, kind="stable")[:5]
        halves = [y[list(half)].mean() for half in itertools.combinations(range(len(y)), 5)]
        draws = random.integers(0, len(y), (SAMPLES, len(y)))
        off = []
        for draw in draws:
            order = numpy.argsort(-gain[draw], kind="stable")[:5]
            off.append(y[draw][order].mean() - numpy.median(y[draw]))
        low, high = numpy.quantile(off, [0.025, 0.975])
        correlation = spearmanr(gain, y)
        gained = y[first].mean() - numpy.median(y)
        print(
            f"| {number} | {numpy.median(y):.3f} | {y[first].mean():.3f} | {gained:+.3f} ({low:+.3f} … {high:+.3f}) |"
            f" {(y[first] > numpy.median(y)).sum()} | {numpy.mean(numpy.array(halves) >= y[first].mean() - 1e-12):.2f} |"
            f" {correlation.correlation:+.2f} ({correlation.pvalue:.2f}) | {numpy.sqrt(((y - mean) ** 2).mean()):.3f} |"
            f" {(abs(y - mean) < 1.6448536 * sd).sum()} of {len(y)} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", default="build/release/bin")
    parser.add_argument("--folder", default="")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for unit in ("rows", "settings"):
        print_mos2(arguments, unit)
    print_rese2(arguments)


main()
