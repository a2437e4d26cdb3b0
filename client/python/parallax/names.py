"""Resource names from what people type, and the nearest of some names."""

import difflib

from parallax.errors import invalid_field


def top_name(typed, collection):
    """"rigs/r7" of "r7" or "rigs/r7". Errors: InvalidArgument naming the two forms."""
    parts = str(typed).split("/")
    if len(parts) == 2 and parts[0] == collection and parts[1]:
        return typed
    if len(parts) == 1 and parts[0]:
        return f"{collection}/{typed}"
    raise invalid_field("name", f'"{typed}"', f'"{collection}/ID" or "ID"')


def name_below(rig, typed, child):
    """"rigs/r7/runs/42" of "42" or of the whole name, where it is below `rig`.

    rig    "rigs/r7"
    child  "runs", "reports" or "parameterSets"
    Errors: InvalidArgument naming the two forms.
    """
    typed = str(typed)
    prefix = f"{rig}/{child}/"
    last = typed.removeprefix(prefix)
    if last and "/" not in last:
        return prefix + last
    raise invalid_field("name", f'"{typed}"', f'"{prefix}ID" or "ID"')


def name_below_any(typed, child):
    """"rigs/r7/runs/42" of "r7/42" or of the whole name. Errors: InvalidArgument."""
    parts = str(typed).split("/")
    if all(parts):
        if len(parts) == 4 and parts[0] == "rigs" and parts[2] == child:
            return typed
        if len(parts) == 2 and parts[0] != "rigs":
            return f"rigs/{parts[0]}/{child}/{parts[1]}"
    raise invalid_field("name", f'"{typed}"', f'"rigs/ID/{child}/ID" or "ID/ID"')


def rig_of(name):
    """"rigs/r7" of "rigs/r7/runs/42"."""
    return "/".join(name.split("/")[:2])


def last_part(name):
    """"42" of "rigs/r7/runs/42"."""
    return name.rsplit("/", 1)[-1]


def did_you_mean(typed, known):
    """'did you mean "T1"?', or what there is where nothing is near."""
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(typed).lower(), by_lower_case, n=1)
    if near:
        return f'did you mean "{by_lower_case[near[0]]}"?'
    return "known are " + ", ".join(sorted(known))
