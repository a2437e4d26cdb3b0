"""What a score must reach, one table; `scoreboard --require` checks it.

Figures are those of `scoreboard.summarise`, over the small campaigns and over the case study apart.
"""

import collections

GROUPS = ("small", "case-study")

# `sense` is ">=" or "<="; a figure that is not there (None) holds no limit.
Limit = collections.namedtuple("Limit", "group figure sense bound text")

LIMITS = (
    Limit("small", "campaigns", ">=", 16, "campaigns scored"),
    Limit("small", "points_lost", "<=", 0, "points lost"),
    Limit("small", "nulls_accused", "<=", 0, "nominal campaigns accused"),
    Limit("small", "wrongly_identified", "<=", 0, "wrong parameter IDENTIFIED"),
    Limit("small", "over_claimed", "<=", 0, "member of an inseparable pair claimed"),
    Limit("small", "unseparated", "<=", 0, "AMBIGUOUS without a separating experiment"),
    Limit("small", "identified_without_gap", "<=", 0, "IDENTIFIED without a held-out gap"),
    Limit("small", "gap_ratio_worst", "<=", 1.3, "worst held-out gap of an IDENTIFIED over its floor"),
    Limit("small", "seconds_longest", "<=", 60.0, "seconds of the longest"),
    Limit("case-study", "campaigns", ">=", 1, "campaigns scored"),
    Limit("case-study", "points_lost", "<=", 0, "points lost"),
    Limit("case-study", "wrongly_identified", "<=", 0, "wrong parameter IDENTIFIED"),
    Limit("case-study", "species_right_after", ">=", 0.88,
          "share of held-out runs whose dominant species is right"),
    Limit("case-study", "pyrometer_k_after", "<=", 4.0, "RMSE of the pyrometer on held-out runs [K]"),
    Limit("case-study", "seconds_longest", "<=", 180.0, "seconds of the longest"),
)


def holds(limit, value):
    if value is None:
        return False
    return value >= limit.bound if limit.sense == ">=" else value <= limit.bound


def check(summaries):
    """(limit, figure, whether it holds) of every limit. @param summaries  figures by group."""
    return [(limit, summaries[limit.group][limit.figure],
             holds(limit, summaries[limit.group][limit.figure]))
            for limit in LIMITS if limit.group in summaries]


def format_checks(checks):
    lines = ["%s  %s: %s %s (asked: %s %g)" %
             ("pass" if held else "FAIL", limit.group, limit.text,
              "-" if value is None else "%.4g" % value, limit.sense, limit.bound)
             for limit, value, held in checks]
    return "\n".join(lines + ["%d of %d limits hold" % (sum(held for *_, held in checks), len(checks))])
