"""Writes docs/reference/errors.md from the source, or says that it is not what the source gives; see errors.sh.

A message is found where the source hands it over: pg::raise, pg::emit, ereport, elog, the functions below that wrap them, and RAISE
in the install script.  Its DETAIL is the cause, its HINT the remedy; where they are missing, the table CAUSES at the end has them.
What is only known when the error is raised stands as …
"""
import difflib
import os
import re
import subprocess
import sys

PAGE = "docs/reference/errors.md"
SCRIPT = "sql/pg_tviews--0.2.0.sql"

# Functions that hand messages on: which argument is the SQLSTATE (or the fixed one), message, DETAIL, HINT.
WRAPPERS = {
    ("src/ddl/create.cpp", "refuse"): ("ERRCODE_FEATURE_NOT_SUPPORTED", 'cannot make "…" a TVIEW', 1, 2),
    ("src/ddl/follow.cpp", "refuse"): ("ERRCODE_FEATURE_NOT_SUPPORTED", "cannot alter TVIEW ….tv_… that way", 0,
                                       "Drop the TVIEW and create it again with the query you want."),
    ("src/analyze/restrictions.cpp", "refuse"): ("ERRCODE_FEATURE_NOT_SUPPORTED", 0, 1, 2),
    ("src/analyze/restrictions.cpp", "warn"): ("ERRCODE_WARNING", 0, 1, 2),
    ("src/refresh/rebuild.cpp", "replace"): (0, 1, None, 2),
}
# Inside the wrappers themselves.
SKIPPED = {'cannot make "…" a TVIEW': "src/ddl/create.cpp", "cannot alter TVIEW ….tv_… that way": "src/ddl/follow.cpp"}

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|//[^\n]*|[A-Za-z_]\w*|\s+|.', re.S)


def states():
    """SQLSTATEs by the name of their macro."""
    config = os.environ.get("PG_CONFIG", "/usr/lib/postgresql/15/bin/pg_config")
    folder = subprocess.run([config, "--includedir-server"], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout.strip()
    with open(folder + "/utils/errcodes.h", encoding="utf-8") as file:
        found = re.findall(r"#define (ERRCODE_\w+) MAKE_SQLSTATE\('(.)','(.)','(.)','(.)','(.)'\)", file.read())
    return {name: "".join(letters) for name, *letters in found}


def arguments(tokens, start):
    """The token lists between commas, from the opening bracket at `start` to the one that closes it."""
    depth, parts = 0, [[]]
    for token in tokens[start:]:
        if token in "([{":
            depth += 1
            if depth == 1:
                continue
        elif token in ")]}":
            depth -= 1
            if depth == 0:
                return parts
        if depth == 1 and token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    raise ValueError("unbalanced")


def unquoted(literal):
    return literal[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def choices(tokens):
    """The two sides of condition ? one : other, or None if the expression is no such thing."""
    depth, asked = 0, None
    for i, token in enumerate(tokens):
        depth += (token in "([{") - (token in ")]}")
        if depth == 0 and token == "?":
            asked = i if asked is None else asked
        elif depth == 0 and token == ":" and asked is not None and ":" not in (tokens[i - 1], *tokens[i + 1:i + 2]):
            return tokens[asked + 1:i], tokens[i + 1:]
    return None


def formatted(call, constants):
    """fmt::format(…): its text, with values only where they are one of two texts."""
    text = text_of(call[0], constants)
    if text is None:
        return None
    text = text.replace("{{", "\0").replace("}}", "\1")
    for argument in call[1:]:
        value = text_of(argument, constants) if choices(argument) else None
        text = re.sub(r"\{[^{}]*\}", value or "…", text, count=1)
    return text.replace("\0", "{").replace("\1", "}")


def text_of(tokens, constants):
    """What an expression gives as text, … for values, or None if it has no literal in it."""
    if sides := choices(tokens):
        texts = [text for text in (text_of(side, constants) for side in sides) if text]
        return " / ".join(texts) or None
    text, known, i = "", False, 0
    while i < len(tokens):
        token, part = tokens[i], None
        called = tokens[i + 1:i + 2] == ["("]
        if token.startswith('"'):
            part = unquoted(token)
        elif token in constants:
            part = constants[token]
        elif called and token == "format":
            part = formatted(arguments(tokens, i + 1), constants)
        elif (called and token == "string") or token == "(":
            part = text_of(arguments(tokens, i + (token == "string"))[0], constants)
        elif token in ("std", "pg", "fmt", "analyze", "model") or not re.fullmatch(r"[A-Za-z_]\w*", token):
            i += 1
            continue
        known = known or part is not None
        text += "…" if part is None else part
        if called or token == "(":
            depth, i = 0, i + called
            while True:
                depth += (tokens[i] in "([{") - (tokens[i] in ")]}")
                if depth == 0:
                    break
                i += 1
        i += 1
    return re.sub(r"…[….>-]*…", "…", re.sub(r"%[.*]*[sdul]+", "…", text)) if known else None


def constants_of(source):
    found = re.findall(r'constexpr (?:auto|const char \*) ?(\w+) = ("(?:[^"\\]|\\.)*");', source)
    return {name: unquoted(literal) for name, literal in found}


def state_of(tokens, source_before):
    macros = [t for t in tokens if t.startswith("ERRCODE_")]
    if macros:
        return macros
    # A variable: what it was compared with last.
    return list(dict.fromkeys(re.findall(r"ERRCODE_\w+", source_before[-900:])))[-2:]


class Entry:
    def __init__(self, path, macros, level, message, detail, hint):
        self.path, self.macros, self.level = path, macros, level
        self.message, self.detail, self.hint = message, detail or "", hint or ""


def entries_of(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    constants, tokens, places = constants_of(source), [], []
    for match in TOKEN.finditer(source):
        if not match[0].isspace() and not match[0].startswith("//"):
            tokens.append(match[0])
            places.append(match.start())
    for i, token in enumerate(tokens[:-1]):
        if tokens[i + 1] != "(":
            continue
        wrapper = WRAPPERS.get((path, token))
        if wrapper:
            given = arguments(tokens, i + 1)
            if token == "refuse" and given[0][:1] and given[0][0].startswith("ERRCODE_"):
                wrapper = (0, 1, 2, 3)
            if len(given) <= max(n for n in wrapper if isinstance(n, int)):
                continue
            pick = [text_of(given[n], constants) if isinstance(n, int) else n for n in wrapper[1:]]
            if pick[0] and not (isinstance(wrapper[2], int) and pick[1] is None and pick[2] is None):
                macros = state_of(given[wrapper[0]], "") if isinstance(wrapper[0], int) else [wrapper[0]]
                yield Entry(path, macros, "WARNING" if macros == ["ERRCODE_WARNING"] else "ERROR", *pick)
        elif token in ("raise", "emit"):
            given = arguments(tokens, i + 1)
            level = "".join(given[0]) if token == "emit" else "ERROR"
            report = given[-1]
            if report[:1] != ["{"]:
                continue
            parts = arguments(report, 0)
            texts = [text_of(part, constants) for part in parts[1:]] + [None, None]
            if texts[0]:
                yield Entry(path, state_of(parts[0], source[:places[i]]), level, *texts[:3])
        elif token == "ereport":
            call = arguments(tokens, i + 1)[1]
            macros = [t for t in call if t.startswith("ERRCODE_")]
            parts = {name: text_of(arguments(call, call.index(name) + 1)[0], constants)
                     for name in ("errmsg", "errdetail", "errhint") if name in call}
            if parts.get("errmsg"):
                yield Entry(path, macros, "ERROR", parts["errmsg"], parts.get("errdetail"), parts.get("errhint"))
        elif token == "elog":
            given = arguments(tokens, i + 1)
            yield Entry(path, ["ERRCODE_INTERNAL_ERROR"], "ERROR", text_of(given[1], constants), None, None)


def script_entries():
    with open(SCRIPT, encoding="utf-8") as file:
        source = file.read()
    for raised in re.finditer(r"RAISE EXCEPTION '((?:[^']|'')*)'.*?;", source, re.S):
        option = {name: text.replace("''", "'") for name, text in re.findall(r"(ERRCODE|DETAIL|HINT) = '((?:[^']|'')*)'", raised[0])}
        yield Entry(SCRIPT, ["ERRCODE_" + option["ERRCODE"].upper()], "ERROR", raised[1].replace("%", "…"), option.get("DETAIL"), option.get("HINT"))


def collect():
    entries = list(script_entries())
    for folder, _, names in sorted(os.walk("src")):
        for name in sorted(names):
            if name.endswith((".cpp", ".hpp")):
                entries += entries_of(f"{folder}/{name}")
    return [e for e in entries if SKIPPED.get(e.message) != e.path or e.detail not in ("", "…")]


HEAD = """# Errors

What the extension itself can raise, by SQLSTATE; `…` stands for names and values. Cause and remedy are the message's DETAIL and HINT
where it has them. The page is written by `test/house/errors.sh --accept` from the source.

Beside these, the functions raise PostgreSQL's own errors where they name things or need privileges: 42P01 and 3F000 (no such table,
schema), 42601 (the text of a query or a name does not parse), 42501 (permission denied), 57014 (a timeout or a cancelled
statement), 40001 and 40P01 (run the transaction again), 53200 (out of shared memory: see
[lock table headroom](functions.md#pg_tviews_health_check)). A flush raises any error of a defining query, with the context `maintaining
TVIEW …, document …`.
"""

INTERNAL = ("Something is in a state that the extension does not leave it in: catalogs changed by hand, or a bug.",
            "Run pg_tviews_health_check(); if it names nothing, report the message with the TVIEW's definition.")

# Cause and remedy where the message's DETAIL and HINT do not give them.
CAUSES = {
    'TVIEW "…" does not exist, skipping': ("pg_tviews_drop() was told if_exists.", "None is needed."),
    'temporary table "…" is not a TVIEW': ("", "Make it an ordinary table if it is to be maintained."),
    "TVIEWs are not maintained while the capture triggers of … are disabled": ("ALTER TABLE … DISABLE TRIGGER.", ""),
    "TVIEWs are not maintained while … lacks a capture trigger": ("DROP TRIGGER of a capture trigger.", ""),
    'invalid value for option "…"': ("", "Correct the option."),
    'option data_index needs a column "data" of type jsonb': ("The query has no such column.", "Output one, or leave the option out."),
    "the relations that functions in TVIEW … read are not known any more": ("A name in the option reads means nothing now.", ""),
    "sample must be between 0 and 1": ("It is the fraction of keys to compare.", "Give 0.05 for five percent."),
    'unrecognized graph format "…"': ("pg_tviews_graph() does not write this format.", ""),
    'unrecognized option "…"': ("pg_tviews_create() does not know the option.", ""),
    'query of TVIEW "…" gives several rows with one key / a row whose key is null': ("The DETAIL names the key.", ""),
    "the query of TVIEW … gives a row whose key is null": ("A written row leads to a document without a key.", ""),
    "the query of TVIEW … gives two rows with one key": ("A written row leads to a second document of this key.", ""),
    "pg_tviews_audit_guard() must be called as a trigger": ("It was called in a query.", "Do not call it."),
    "pg_tviews_capture() must be called as a trigger": ("It was called in a query.", "Do not call it."),
    "pg_tviews_ddl_end() must be called as an event trigger": ("It was called in a query.", "Do not call it."),
    "pg_tviews_ddl_start() must be called as an event trigger": ("It was called in a query.", "Do not call it."),
    "pg_tviews_sql_drop() must be called as an event trigger": ("It was called in a query.", "Do not call it."),
    "could not serialize access due to concurrent update": (
        "Above READ COMMITTED, a document to be written was changed by a transaction that this one's snapshot does not see.", ""),
    "could not serialize access due to concurrent update / delete": (
        "Above READ COMMITTED, a document to be written was changed by a transaction that this one's snapshot does not see.",
        "Run the transaction again."),
    "permission denied for TVIEW …": ("", "GRANT SELECT, or let the TVIEW's owner call the function."),
    "a TVIEW is defined by a single SELECT statement": ("The text is another statement, several, or none.", "Give one SELECT."),
    'the argument "where" is not a condition': ("The text holds more than an expression: a UNION, or another statement.", ""),
    "the query of a TVIEW cannot have an INTO clause": ("pg_tviews_create() names the table itself.", "Leave INTO out."),
    'invalid name "…" for a TVIEW': ("The name does not begin with tv_.", ""),
    'TVIEW … has lost its column "…"': ("The table was altered while event triggers were off.", "Drop the TVIEW and create it again."),
    '"…" is not a TVIEW': ("The table is there, but has no row in pg_tview_meta.", ""),
    'column name "…" is reserved in TVIEWs': ("The extension's statements use this name.", ""),
    "relation … is not a TVIEW": ("The TVIEW was dropped by another session meanwhile.", "Run the statement again."),
    "TVIEW ….tv_… would read itself": ("A redefinition makes a circle of TVIEWs.", "Break the circle."),
    "… of … documents compared": ("An online creation or a resume in batches goes on.", "None is needed."),
    "flush of TVIEW … took … ms": ("It took longer than pg_tviews.log_min_duration.", "The DETAIL says where the time went."),
    "TVIEW … is suspended already": ("pg_tviews_suspend() was called before.", "None is needed."),
    "the data do not determine the TVIEW's content": ("The DETAIL names the places.", "The HINT says how to decide each."),
    "no argument of pg_tviews_create_concurrently() may be null": ("An argument was NULL.", "Leave it out to have its default."),
    "no argument of pg_tviews_resume_concurrently() may be null": ("An argument was NULL.", "Leave it out to have its default."),
    "batch must be 1 or more": ("It is the number of documents compared in one transaction.", "Leave it out to have its default."),
    'ignoring invalid data in file "…"': ("The statistics file is damaged or of another version.", "None is needed: statistics begin anew."),
    'invalid scope "…"': ("pg_tviews_suspend() has no such scope.", ""),
    'invalid refresh mode "…"': ("There is no such refresh mode.", ""),
    'relation with OID … does not exist': ("A number was given that is no table's OID.", "Name the TVIEW."),
    'cannot start a worker during recovery': ("", "Call it on the primary."),
    '"…" is not a table or view': ("The option reads names something else.", "Name the tables that the functions read."),
    "TVIEW … was dropped by another session": ("It was dropped while this session waited for its lock.", "None is needed."),
    "out of memory": ("", "Lower work_mem or pg_tviews.max_seed_memory, or give the server more memory."),
}


def page(entries, known):
    numbers = states()
    lines, used = [HEAD], set()
    by_state = {}
    for entry in entries:
        for macro in entry.macros:
            by_state.setdefault((numbers[macro], macro[8:].lower(), entry.level), []).append(entry)
    missing = []
    for (state, name, level), group in sorted(by_state.items()):
        lines.append(f"## {state} {name}{'' if level == 'ERROR' else ' (' + level.lower() + ')'}\n")
        messages = sorted({e.message for e in group})
        if state == "XX000":
            lines += [f"- `{message}`" for message in messages] + ["", f"Cause: {INTERNAL[0]} Remedy: {INTERNAL[1]}"]
            continue
        for message in messages:
            lines.append(f"`{message}`\n")
            reasons = dict.fromkeys((e.detail, e.hint) for e in group if e.message == message)
            for detail, hint in reasons:
                cause, remedy = known.get(message, ("", ""))
                if not detail.strip("… ."):
                    detail = cause
                    used.add(message)
                if not hint:
                    hint = remedy
                    used.add(message)
                missing += [f"{state} {message}: no {what}" for what, there in (("cause", detail), ("remedy", hint)) if not there]
                lines.append(f"- Cause: {detail} Remedy: {hint}")
            lines.append("")
    return "\n".join(lines).rstrip() + "\n", missing, sorted(set(known) - used)


def main():
    text, missing, unused = page(collect(), CAUSES)
    for line in missing:
        print(line)
    for message in unused:
        print(f"CAUSES has an entry that no message needs: {message}")
    if missing or unused:
        print("    -> correct the table CAUSES in test/house/errors.py")
        return 1
    if sys.argv[1:] == ["--accept"]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    with open(PAGE, encoding="utf-8") as file:
        stored = file.read()
    if stored == text:
        return 0
    sys.stdout.writelines(difflib.unified_diff(stored.splitlines(True), text.splitlines(True), PAGE, "the source"))
    print(f"{PAGE} is not what the source gives\n    -> read the difference, then run test/house/errors.sh --accept")
    return 1


if __name__ == "__main__":
    sys.exit(main())
