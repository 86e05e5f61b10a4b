"""What test/house/links.sh says.  Not here: links that leave the repository."""
import glob
import os
import re
import sys

ALERTS = "docs/operations/monitoring/alerts.yaml"
RUNBOOKS = ("docs/operations/runbooks.md", "docs/operations/recovery.md")
OPERATIONS = "docs/operations.md"
PARTS = ("Symptom", "Diagnosis", "Resolution", "Escalation")


def prose(path):
    """The lines of a document; those of fenced blocks are empty."""
    fenced = False
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            fence = line.startswith("```")
            yield "" if fence or fenced else line
            fenced = fenced != fence


def slug(heading):
    """The anchor GitHub gives a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def sections(path):
    """Anchor or heading → its text up to the next heading; the heading right below an anchor belongs to it."""
    lines = list(prose(path))
    headings = [number for number, line in enumerate(lines) if re.match("#+ ", line)]
    found = {}
    for number, line in enumerate(lines):
        end = next((heading for heading in headings if heading > number + 2), len(lines))
        for name in re.findall(r'<a id="([^"]+)"></a>', line) + ([slug(line.lstrip("# "))] if number in headings else []):
            found.setdefault(name, "\n".join(lines[number:end]))
    return found


def dead_links(path, anchors):
    for number, line in enumerate(prose(path), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"\w+:", target):
                continue
            file, _, anchor = target.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if not os.path.exists(file):
                yield f"{path}:{number}: no such file: {target}"
            elif anchor and (not file.endswith(".md") or anchor not in anchors(file)):
                yield f"{path}:{number}: no such heading or anchor: {target}"


def dead_runbooks(anchors):
    """Each link begins with the one base that the head of the file says how to replace, and then names a section."""
    with open(ALERTS, encoding="utf-8") as file:
        head, *rules = file.read().split("- alert: ")
    if not rules:
        yield f"{ALERTS}: no alert found"
    base = re.search(r"^# Every runbook_url begins with (https://\S+/),", head, flags=re.MULTILINE)
    if not base or f"sed -i 's|{re.escape(base[1])}|" not in head:
        yield f"{ALERTS} does not say with what each runbook_url begins, and the sed command that replaces it"
        return
    for rule in rules:
        alert = rule.split("\n")[0].strip()
        link = re.search(r"runbook_url: (\S+)", rule)
        if link and not link[1].startswith(base[1]):
            yield f"{ALERTS}: {alert}: the link does not begin with {base[1]}: {link[1]}"
        file, _, anchor = (link[1] if link else "").removeprefix(base[1]).partition("#")
        if file not in RUNBOOKS or not os.path.exists(file) or anchor not in anchors(file):
            yield f"{ALERTS}: {alert} links to no section of a runbook: {link[1] if link else 'no runbook_url'}"
        elif alert not in anchors(file)[anchor]:
            yield f"{ALERTS}: {alert} links to {link[1]}, which does not name it"


def not_listed():
    with open(OPERATIONS, encoding="utf-8") as file:
        text = file.read()
    for path in sorted(glob.glob("docs/operations/*.md")):
        if f"](operations/{os.path.basename(path)}" not in text:
            yield f"{OPERATIONS} does not list {path}"


def unfinished_runbooks():
    """Each runbook has its four parts, in this order."""
    path = RUNBOOKS[0]
    for section in re.split("^## ", "\n".join(prose(path)), flags=re.MULTILINE)[1:]:
        parts = re.findall(r"^\*\*(\w+)\.\*\*", section, flags=re.MULTILINE)
        if tuple(parts) != PARTS:
            yield f"{path}: {section.splitlines()[0]} has {', '.join(parts) or 'no parts'} instead of {', '.join(PARTS)}"


def main():
    known = {}

    def anchors(path):
        if path not in known:
            known[path] = sections(path)
        return known[path]

    documents = sorted(glob.glob("*.md") + glob.glob("src/*.md") + glob.glob("docs/**/*.md", recursive=True))
    complaints = [one for path in documents for one in dead_links(path, anchors)] + [*dead_runbooks(anchors), *unfinished_runbooks(), *not_listed()]
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
