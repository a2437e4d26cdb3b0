"""What a report says in sentences, read off its figures. The CLI's `report explain` tells everything."""


def figure(value):
    """A number to four digits; "-" for all else."""
    return format(value, ".4g") if _is_number(value) else "-"


def percent(value):
    """A share as a whole number of percent; what rounds to 100 % is not certain."""
    if not _is_number(value):
        return "-"
    return "over 99 %" if value > 0.995 else f"{round(100.0 * value) + 0:d} %"


def unit_text(unit):
    """A UCUM code for people: "µm/s"."""
    text = unit or "-"
    return "µ" + text[1:] if text == "um" or text.startswith(("um/", "um2")) else text


def enumerate_names(names):
    """"U", "U and eps", "U, eps and Ta_offset"."""
    names = list(names)
    if not names:
        return "nothing that has a name"
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + " and " + names[-1]


def verdict_sentence(data):
    """The verdict alone: "The gap comes from U (convection).", the same as the CLI's.

    data  a report's JSON, schema parallax-report/1
    """
    verdict = data["verdict"]
    kind = verdict["kind"]
    if kind == "IDENTIFIED":
        return f"The gap comes from {_with_mechanisms(data, verdict.get('parameters'))}."
    if kind == "AMBIGUOUS":
        return (f"The gap comes from among {_with_mechanisms(data, verdict.get('group'))}; this "
                "recording cannot tell which.")
    if kind == "SENSOR_FAULT":
        return (f"The readings of {enumerate_names(verdict.get('channels') or ())} are at fault, not the "
                "model.")
    if kind == "UNMODELLED":
        return ("No values of the twin's parameters close the gap: the rig does something that the twin "
                "does not model.")
    if kind == "NO_GAP":
        return "Rig and twin agree within the noise."
    return "No verdict: the recording does not carry enough evidence for one."


def explain(data):
    """The report in sentences, one a line, the verdict first; a part that it lacks is left out.

    data  a report's JSON, schema parallax-report/1
    """
    lines = [verdict_sentence(data), _because(data["verdict"]), _identified(data), _gap(data)]
    lines += [_sentence(text) for text in data.get("explanation") or ()]
    lines += [_validation(data)]
    if data.get("measure_next"):
        lines.append(_sentence("Measure next: " + data["measure_next"]))
    return "\n".join(line for line in lines if line)


def _because(verdict):
    claims = ""
    if _is_number(verdict.get("confidence")):
        claims = f"Confidence {percent(verdict['confidence'])}"
    because = verdict.get("because")
    if not because:
        return _sentence(claims) if claims else ""
    return _sentence(f"{claims}: {because}" if claims else f"Why: {because}")


def _identified(data):
    """"nk is -0.509 (sd 0.0396) where 0 was assumed." Empty under any other verdict."""
    if data["verdict"]["kind"] != "IDENTIFIED":
        return ""
    blamed = data["verdict"].get("parameters") or ()
    values = []
    for value in data.get("calibrated") or ():
        if value["parameter"] not in blamed or value.get("run"):
            continue
        unit = "" if value.get("unit") in (None, "", "1") else " " + unit_text(value["unit"])
        values.append(f"{value['parameter']} is {figure(value.get('value'))} (sd "
                      f"{figure(value.get('sd'))}) where {figure(value.get('assumed'))}{unit} was assumed")
    return _sentence(enumerate_names(values)) if values else ""


def _gap(data):
    gap = data.get("gap") or {}
    if not _is_number(gap.get("value")):
        return ""
    text = f"Gap {figure(gap['value'])} as assumed"
    if data.get("calibrated") and _is_number(gap.get("after")):
        text += f", {figure(gap['after'])} at the best fit"
    if _is_number(gap.get("floor")):
        text += f"; 95 % of perfect twins stay under {figure(gap['floor'])}"
    return _sentence(text)


def _validation(data):
    validation = data.get("validation")
    if not validation or not data.get("calibrated"):
        return ""
    if not _is_number(validation.get("gap_before")):
        return _sentence("Not validated: " + (validation.get("because") or "no run was kept apart"))
    said = "accepted" if validation.get("accepted") else "refused"
    text = (f"On runs that were never fitted: gap {figure(validation['gap_before'])} as assumed, "
            f"{figure(validation.get('gap_after'))} calibrated; {said}")
    because = (validation.get("because") or "").removeprefix("refused: ")
    return _sentence(f"{text}: {because}" if because else text)


def _with_mechanisms(data, parameters):
    """"nk (substrate conductivity)": names with what they stand for, where that says more."""
    mechanisms = {part.get("parameter"): part.get("mechanism") or ""
                  for part in data.get("attribution") or ()}
    named = []
    for name in parameters or ():
        mechanism = mechanisms.get(name, "")
        named.append(f"{name} ({mechanism.replace('_', ' ')})" if mechanism not in ("", name) else name)
    return enumerate_names(named)


def _sentence(text):
    return text if text.endswith(".") else text + "."


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
