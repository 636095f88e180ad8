"""A pack is examined in a process of its own: what takes too much there is one sentence, and nothing is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.compliance.adoption import examining, repository, uploading
from app.compliance.evaluation.engine_process import EngineStopped
from app.compliance.models import UploadedPack
from app.core import facts
from app.core.errors import DomainError, from_json
from app.rulepacks.words import PackError
from app.web.extensions import db
from tests.compliance.adoption.test_uploading import NEW, TESTS, TWICE, upload


def test_a_process_of_its_own_finds_the_same(session: Any) -> None:
    told: list[tuple[int, int]] = []
    texts = NEW | {"tests.yaml": TESTS.replace("fail", "pass")}
    apart = uploading.examine(texts, lambda done, total: told.append((done, total)))
    here = examining.examine(texts, facts.catalogue(), repository.documents())
    assert apart.as_json() == here.as_json()
    assert told == [(0, 1)]
    with pytest.raises(PackError) as refused:
        uploading.examine(NEW | {"rules.yaml": TWICE})
    with pytest.raises(PackError) as same:
        examining.examine(NEW | {"rules.yaml": TWICE}, facts.catalogue(), repository.documents())
    assert list(map(str, refused.value.parts)) == list(map(str, same.value.parts))


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"SECONDS": 0.01}, "Kiểm tra bộ quy tắc quá 0.01 giây"),
        ({"MEGABYTES": 30}, "Kiểm tra bộ quy tắc cần quá 30 MB bộ nhớ"),
    ],
    ids=["never ends", "floods the memory"],
)
def test_a_pack_that_takes_too_much_is_one_sentence_and_not_kept(
    session: Any, monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], says: str
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(examining, name, value)
    with pytest.raises(DomainError) as refused:
        upload(tests="".join(TESTS.replace("Bảy", f"{number} bảy") for number in range(400)))
    assert says in str(refused.value)
    assert db.session.scalar(select(func.count()).select_from(UploadedPack)) == 0


def test_an_engine_that_dies_under_a_pack_is_no_failed_test(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_args: Any) -> Any:
        raise EngineStopped(DomainError("không trả lời sau %(seconds)s giây", seconds=1))

    monkeypatch.setattr(examining, "run_pack_tests", dies)
    monkeypatch.setattr(uploading, "examine_apart", examining.examine)
    with pytest.raises(EngineStopped):
        upload()
    told: list[dict[str, Any]] = []
    asked = {"texts": NEW, "catalogue": [], "documents": []}
    monkeypatch.setattr(examining, "pack_from_texts", lambda *_args: None)
    examining.answer_to(asked, told.append)
    assert from_json(told[0]["stopped"]).params == {"seconds": 1}


def test_an_engine_started_by_a_bounded_process_takes_no_more_than_that_one_may() -> None:
    """The limit of a site's engine may be above that of an examination."""
    asked = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20));"
        "from tests.compliance.evaluation.test_engine_process import Engine, Limits, works;"
        "print(works(Engine(Limits(megabytes=4096))))"
    )
    root = Path(examining.__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
