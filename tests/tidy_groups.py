"""Source files that a compiler can read as one translation unit.

Their texts stand one after the other in a generated file. They are not included: clang's static analyzer looks at
functions of the main file only. Names at namespace scope, guessed from lines that begin in the first column, say
which files would collide; the compiler has the last word.
"""
import functools
import hashlib
import itertools
import pathlib
import re
import shlex
import subprocess
import time

_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_DECLARATION = re.compile(r"""^(?:
    namespace\ (?P<namespace>[\w:]+)\ \{
  | \}\ \ //\ namespace\ (?P<end>[\w:]+)
  | (?:struct|class|union|enum\ class|enum)\ (?P<type>\w+)[^;]*?\{
  | using\ (?P<alias>\w+)\ =
  | (?!using|template|struct|class|enum)[A-Za-z_][^=({;]*?\b(?P<function>[\w:]+\([^{;]*)
  | (?!using|template|struct|class|enum)[A-Za-z_][^=({;]*\b(?P<value>\w+)(?:\[[^]]*\])*\ ?[={;]
  )""", re.MULTILINE | re.VERBOSE)

# Would change what `new` means to the analyzer in every other file.
_ALLOCATION = re.compile(r"^void\*? operator (?:new|delete)", re.MULTILINE)


def digest_of(texts):
    whole = hashlib.sha256()
    for text in texts:
        whole.update(hashlib.sha256(text.encode()).digest())
    return whole.hexdigest()


@functools.lru_cache(maxsize=None)
def _content(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Source:
    """A source file and its compiler's arguments: definitions by name, folders of headers, and the rest."""

    def __init__(self, entry, project):
        self.path, self.directory, self.project = entry["file"], entry["directory"], project
        self.name = str(pathlib.Path(self.path).relative_to(project))
        command = shlex.split(entry["command"])
        output = command.index("-o")
        del command[output:output + 2]
        self.compiler = command[0]
        self.definitions, self.folders, rest = {}, [], []
        words = iter(command[1:])
        for word in words:
            if word.startswith("-D"):
                self.definitions[word[2:].split("=")[0]] = word
            elif word == "-isystem":
                self.folders.append(next(words))
            elif word not in ("-c", self.path):
                rest.append(word)
        self.rest = tuple(rest)

    @functools.cached_property
    def text(self):
        text = pathlib.Path(self.path).read_text()
        return text if text.endswith("\n") else text + "\n"

    @functools.cached_property
    def digest(self):
        """Of flags, and of path and content of every file read; free of where the checkout lies."""
        flags = flags_of([self])
        result = subprocess.run([self.compiler, *flags, "-M", self.path], cwd=self.directory, capture_output=True)
        if result.returncode != 0:  # a header is missing: clang-tidy says so, which nobody may remember
            return digest_of([self.path, str(time.monotonic_ns())])
        read = result.stdout.decode().replace("\\\n", " ").split()[1:]
        parts = [shlex.join(flags), *itertools.chain.from_iterable((path, _content(path)) for path in read)]
        return digest_of(part.replace(str(self.project), "") for part in parts)

    @functools.cached_property
    def replaces_new(self):
        return _ALLOCATION.search(self.text) is not None

    @functools.cached_property
    def names(self):
        """What it says at namespace scope: (namespace, name or signature)."""
        found, namespace = set(), ""
        for match in _DECLARATION.finditer(self.text):
            if match.lastgroup == "namespace":
                namespace = match["namespace"]
            elif match.lastgroup == "end":
                namespace = ""
            else:
                found.add((namespace, " ".join(match[match.lastgroup].split())))
        return found


def flags_of(sources):
    """Flags of a group: what is common, and all definitions and folders."""
    folders = dict.fromkeys(itertools.chain.from_iterable(source.folders for source in sources))
    definitions = dict.fromkeys(itertools.chain.from_iterable(source.definitions.values() for source in sources))
    return [*sources[0].rest, *itertools.chain.from_iterable(("-isystem", folder) for folder in folders), *definitions]


class Unit:
    """Files as one translation unit: itself if it is only one, else a generated file in `folder`."""

    def __init__(self, sources, folder):
        self.sources, self.flags, self.directory = sources, flags_of(sources), sources[0].directory
        self.path, self.starts = sources[0].path, [1]
        if len(sources) > 1:
            text, self.starts = _concatenated(sources)
            self.path = str(folder / f"{digest_of(source.path for source in sources)[:16]}.cc")
            pathlib.Path(self.path).write_text(text)

    def origin(self, line):
        """File and line of a line of the translation unit."""
        index = max(i for i, start in enumerate(self.starts) if start <= line)
        return self.sources[index], line - self.starts[index] + 1

    def translated(self, output):
        """Output of a compiler with places in the generated file named by their origin."""
        def place(match):
            source, line = self.origin(int(match[1]))
            return f"{source.path}:{line}"
        return re.sub(re.escape(self.path) + r":(\d+)", place, output)

    def blamed(self):
        """Files with errors, and None if it does not compile for another reason."""
        command = [self.sources[0].compiler, *self.flags, "-w", "-fsyntax-only", "-ferror-limit=0", self.path]
        result = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        path = re.escape(self.path)
        places = re.findall(rf"^{path}:(\d+):\d+: (?:fatal )?error:|^In file included from {path}:(\d+):",
                            result.stderr, re.MULTILINE)
        found = [self.origin(int(error or include))[0] for error, include in places]
        return None if result.returncode and not found else [s for s in self.sources if s in found]


def _concatenated(sources):
    """One text, and the line of it at which each file begins; no macro of a file reaches the next."""
    text, starts = "", []
    for source in sources:
        starts.append(text.count("\n") + 1)
        text += source.text + "".join(f"#undef {name}\n" for name in dict.fromkeys(_MACRO.findall(source.text)))
    return text, starts


def groups_of(sources, size):
    """Puts each file, by path, into the first group of less than `size` that it does not contradict."""
    groups = []
    for source in sorted(sources, key=lambda s: s.path):
        fitting = (group for group in groups if len(group) < size and all(_fit(source, other) for other in group))
        group = next(fitting, None)
        if group is None:
            groups.append([source])
        else:
            group.append(source)
    return groups


def _fit(one, other):
    return (one.rest == other.rest and not one.replaces_new and not other.replaces_new
            and one.names.isdisjoint(other.names)
            and all(other.definitions.get(name, flag) == flag for name, flag in one.definitions.items()))


def compiling_groups(sources, folder):
    """Splits a group that does not compile: files with an error make a group of their own."""
    if len(sources) == 1:
        return [sources]
    blamed = Unit(sources, folder).blamed()
    if blamed == []:
        return [sources]
    if blamed is None or len(blamed) == len(sources):
        return [[source] for source in sources]
    rest = [source for source in sources if source not in blamed]
    return compiling_groups(rest, folder) + compiling_groups(blamed, folder)
