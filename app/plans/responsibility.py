"""Who answers for a task, as a provincial annex writes it in one cell: "X chủ trì, phối hợp với Y tham mưu".

The cell is split into who leads (chủ trì) and who cooperates (phối hợp), in the document's own words. A clause that
says neither names who does the work: unless it only examines, adds up or gives an opinion, it leads.
"""

from __future__ import annotations

import re

from app.text import fold, tidy

_LEADS = re.compile(r"\s*\bchủ trì\b[\s,:]*", re.IGNORECASE)
_WITH = re.compile(r"(?:^|[\s,])phối hợp(?:\s+với)?\b[\s:]*", re.IGNORECASE)
_PURPOSE = re.compile(
    r"[\s,]+(?:tham mưu|triển khai|hướng dẫn|thực hiện|tổ chức|tham gia|rà soát|xây dựng|trên cơ sở|trình)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_SUPPORT = ("tham gia y kien", "tham dinh", "tham tra", "tong hop", "huong dan", "tham muu", "chuan bi", "ap dung thu")
_AFTER = re.compile(r"^sau khi [^,]+,\s*", re.IGNORECASE)
_VERBS = re.compile(
    r"\s+(?:chủ động|rà soát|xây dựng|thực hiện|triển khai|tổng hợp|thẩm tra|thẩm định|tham gia|hướng dẫn|tham mưu|"
    r"trên cơ sở|gửi|trình|áp dụng|chuẩn bị)\b",
    re.IGNORECASE,
)


def split_responsible(cell: str) -> tuple[str, str]:
    """Who leads and who cooperates, several parted by "; "."""
    leads: list[str] = []
    cooperating: list[str] = []
    for clause in _clauses(cell):
        lead, others = _split(clause)
        leads.extend(filter(None, [lead]))
        cooperating.extend(filter(None, [others]))
    return "; ".join(leads), "; ".join(who for who in cooperating if who not in leads)


def _clauses(cell: str) -> list[str]:
    """One a line; a semicolon parts them too, but not within a list of who cooperates."""
    clauses: list[str] = []
    for line in cell.split("\n"):
        text = tidy(line).lstrip("-–+ ").rstrip(".")
        head, *rest = text.split(";")
        if rest and _WITH.search(head) and not any(_WITH.search(part) or _LEADS.search(part) for part in rest):
            clauses.append(text)
        else:
            clauses.extend([head, *rest])
    return [clause.strip() for clause in clauses if clause.strip()]


def _split(clause: str) -> tuple[str, str]:
    if found := _LEADS.search(clause):
        lead, rest = clause[: found.start()], clause[found.end() :]
        others = _WITH.search(rest)
        return lead.strip(" ,"), _PURPOSE.sub("", rest[others.end() :]).strip(" ,") if others else ""
    if found := _WITH.search(clause):
        before, after = clause[: found.start()].strip(" ,"), _PURPOSE.sub("", clause[found.end() :]).strip(" ,")
        # "X phối hợp với Y rà soát": X does it, with Y. "X phối hợp thực hiện": X only helps.
        return (before, after) if " với" in found[0] and after else ("", before)
    clause = _AFTER.sub("", clause)
    verb = _VERBS.search(clause)
    who = clause[: verb.start()] if verb else clause
    does = fold(clause[verb.start() :]) if verb else ""
    return ("", who) if does.startswith(_SUPPORT) else (who, "")
