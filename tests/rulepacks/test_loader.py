"""Packs in folders: every fault is named with file, line and field, and all of them at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.compliance.evaluation.rule_tests import run_pack_tests
from app.rulepacks.loader import load_pack, load_packs, pack_from_texts
from app.rulepacks.words import PackError
from tests.compliance import sample

PLAN = "Chỉ tiêu: tỷ lệ thanh toán\n\n đạt   từ 35%. Số hóa 100% hồ sơ."


def write_root(root: Path, **parts: Any) -> Path:
    """A rules folder with one pack and the document it quotes; returns the pack's folder."""
    documents = root / "documents"
    documents.mkdir(parents=True)
    (documents / "plan.txt").write_text(PLAN, encoding="utf-8")
    (documents / "documents.yaml").write_text(
        "- code: plan\n  file: plan.txt\n  title: {vi: Kế hoạch, en: Plan}\n  issued_by: {vi: Sở, en: Dept}\n",
        encoding="utf-8",
    )
    folder = root / "plan-2024"
    folder.mkdir()
    for name, text in sample.texts(**parts).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    with pytest.raises(PackError) as caught:
        load_pack(folder, sample.CATALOGUE)
    return [str(problem.placed) for problem in caught.value.problems]


def problems_in(texts: dict[str, str]) -> list[str]:
    with pytest.raises(PackError) as caught:
        pack_from_texts(texts, sample.CATALOGUE)
    return [str(problem.placed) for problem in caught.value.problems]


def test_a_folder_is_loaded_whole(tmp_path: Path) -> None:
    write_root(tmp_path)
    (pack,) = load_packs(tmp_path, sample.CATALOGUE)
    assert (pack.id, [rule.id for rule in pack.rules]) == ("plan-2024", ["p-1"])
    assert set(pack.texts) == {"pack.yaml", "parameters.yaml", "rules.yaml"}


def test_an_error_names_file_line_and_field() -> None:
    texts = sample.texts()
    lines = texts["rules.yaml"].splitlines()
    line = lines.index("  severity: major") + 1
    texts["rules.yaml"] = texts["rules.yaml"].replace("severity: major", "severity: grave")
    (problem,) = problems_in(texts)
    assert problem.startswith(f"rules.yaml, dòng {line}, [0].severity: phải là một trong:")


def test_every_fault_is_told_not_only_the_first(tmp_path: Path) -> None:
    rule = sample.changed(sample.RATE_RULE, severity="grave", id="Bad")
    folder = write_root(tmp_path, rules=[rule], info=sample.INFO | {"colour": "red"})
    found = problems(folder)
    assert [problem.split(",")[0] for problem in found] == [
        "plan-2024/pack.yaml",
        "plan-2024/rules.yaml",
        "plan-2024/rules.yaml",
    ]


def test_bad_yaml_is_told_with_its_line() -> None:
    texts = sample.texts() | {"rules.yaml": "- id: a\n  title: [1\n"}
    (problem,) = problems_in(texts)
    assert problem.startswith("rules.yaml, dòng 3: không đọc được YAML")


def test_a_field_written_twice_is_refused() -> None:
    texts = sample.texts()
    texts["pack.yaml"] += "id: other\n"
    line = len(texts["pack.yaml"].splitlines())
    assert problems_in(texts) == [f"pack.yaml, dòng {line}, id: “id” bị viết hai lần."]


def test_two_rules_with_one_id_are_refused_at_the_second() -> None:
    texts = sample.texts(rules=[sample.RATE_RULE, sample.CONDITION_RULE | {"id": "p-1"}])
    lines = texts["rules.yaml"].splitlines()
    second = [number for number, line in enumerate(lines, 1) if "id: p-1" in line][1]
    assert problems_in(texts) == [f"rules.yaml, dòng {second}, [1].id: hai quy tắc cùng mang mã “p-1”."]


RATE = {"count": "pay.online", "among": "pay.eligible"}


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        (
            {"rate": {"count": "pay.onlin", "among": "pay.eligible"}},
            "[0].rate.count",
            "dữ kiện “pay” không có trường “onlin”; có: online, eligible, due.",
        ),
        (
            {"rate": {"count": "paid.online", "among": "pay.eligible"}},
            "[0].rate.count",
            "không có loại dữ kiện “paid”; có: a, b, pay.",
        ),
        (
            {"rate": {"count": "overdue.days", "among": "pay.eligible"}},
            "[0].rate.count",
            "“overdue” nói về từng việc riêng (case), không về đơn vị.",
        ),
        (
            {"rate": {"count": "b.flag", "among": "pay.eligible"}},
            "[0].rate.count",
            "“b.flag” không phải là số đếm.",
        ),
        (
            {"rate": RATE | {"later": {"of": "pay.online", "days": "overdue.days", "within": 1}}},
            "[0].rate.later.of",
            "không có loại dữ kiện về từng việc riêng “pay”; có: earlier_failure, note, overdue, step.",
        ),
        (
            {"rate": RATE | {"later": {"of": "overdue.x", "days": "step.working", "within": 1}}},
            "[0].rate.later.days",
            "ở đây chỉ đọc được trường của “overdue”, không phải “step.working”.",
        ),
        (
            {"rate": RATE | {"later": {"of": "overdue.x", "days": "overdue.word", "within": 1}}},
            "[0].rate.later.days",
            "“overdue.word” không phải là số đếm.",
        ),
        (
            {"rate": RATE | {"later": {"of": "overdue.x", "days": "overdue.days", "within": "fewest"}}},
            "[0].rate.later.within",
            "tham số “fewest” có đơn vị count, ở đây cần working_days.",
        ),
        (
            {"target": {"at_least": "nowhere"}},
            "[0].target.at_least",
            "không có tham số “nowhere” trong parameters.yaml.",
        ),
        (
            {"target": {"at_least": "fewest"}},
            "[0].target.at_least",
            "tham số “fewest” có đơn vị count, ở đây cần share.",
        ),
        (
            {"answer_within": {"working_days": "online_rate"}},
            "[0].answer_within.working_days",
            "tham số “online_rate” có đơn vị share, ở đây cần working_days.",
        ),
        (
            {"applies_when": {"all": [{"b.word": {"less_than": "x"}}]}},
            "[0].applies_when.all[0].b.word.less_than",
            "“word” không có thứ tự lớn nhỏ để so sánh.",
        ),
        (
            {"applies_when": {"b.flag": {"equals": 1}}},
            "[0].applies_when.b.flag.equals",
            "“1” không cùng loại với “flag” (đúng/sai).",
        ),
        (
            {"applies_when": {"b.word": {"equals": "fewest"}}},
            "[0].applies_when.b.word.equals",
            "“fewest” trùng tên một tham số; hãy đổi tên tham số.",
        ),
        (
            {"evidence": {"cases": "late", "facts": "pay"}},
            "[0].evidence.facts",
            "không có loại dữ kiện về từng việc riêng “pay”; có: earlier_failure, note, overdue, step.",
        ),
    ],
)
def test_a_name_that_nothing_bears_is_refused(changes: dict[str, Any], field: str, sentence: str) -> None:
    (problem,) = problems_in(sample.texts(rules=[sample.changed(sample.RATE_RULE, **changes)]))
    place, _, said = problem.partition(": ")
    assert place.startswith("rules.yaml, dòng ")
    assert place.endswith(f", {field}")
    assert said == sentence


def test_a_parameter_must_have_a_value_when_the_plan_begins() -> None:
    info = sample.INFO | {"in_force": {"from": "2023-06-01"}}
    (problem,) = problems_in(sample.texts(info=info))
    assert problem.endswith(
        "tham số “online_rate” chưa có giá trị vào ngày 2023-06-01, khi kế hoạch bắt đầu có hiệu lực."
    )


def test_a_rule_that_is_more_than_the_engine_takes_is_refused() -> None:
    pairs = [{"any": [{"a.x": {"equals": n}}, {"a.y": {"equals": n}}]} for n in range(7)]
    rule = sample.changed(sample.CONDITION_RULE, fails_when={"all": pairs})
    (problem,) = problems_in(sample.texts(rules=[rule]))
    assert problem.endswith("quy tắc p-2 có quá nhiều điều kiện; hãy tách thành nhiều quy tắc.")


def test_a_quote_must_stand_in_its_document_white_space_aside(tmp_path: Path) -> None:
    basis = {"document": "plan", "place": "I", "quote": "thanh toán đạt từ 35%"}
    folder = write_root(tmp_path / "right", rules=[sample.changed(sample.RATE_RULE, legal_basis=basis)])
    assert load_pack(folder, sample.CATALOGUE).rule("p-1").legal_basis.quote == basis["quote"]

    wrong = basis | {"quote": "thanh toán đạt trên 35%"}
    folder = write_root(tmp_path / "wrong", rules=[sample.changed(sample.RATE_RULE, legal_basis=wrong)])
    (problem,) = problems(folder)
    assert "[0].legal_basis.quote: văn bản plan không có đoạn “thanh toán đạt trên 35%”." in problem


def test_words_left_out_of_a_quote_are_marked_and_the_rest_stands_in_order(tmp_path: Path) -> None:
    basis = {"document": "plan", "place": "I", "quote": "Chỉ tiêu: […] Số hóa 100% hồ sơ"}
    folder = write_root(tmp_path / "right", rules=[sample.changed(sample.RATE_RULE, legal_basis=basis)])
    load_pack(folder, sample.CATALOGUE)
    turned = basis | {"quote": "Số hóa 100% hồ sơ […] Chỉ tiêu"}
    folder = write_root(tmp_path / "wrong", rules=[sample.changed(sample.RATE_RULE, legal_basis=turned)])
    assert len(problems(folder)) == 1


def test_an_unknown_document_is_refused(tmp_path: Path) -> None:
    basis = sample.QUOTE | {"document": "other"}
    folder = write_root(tmp_path, rules=[sample.changed(sample.RATE_RULE, legal_basis=basis)])
    (problem,) = problems(folder)
    assert problem.endswith("[0].legal_basis.document: không có văn bản “other”.")


def test_a_pack_is_named_like_its_folder(tmp_path: Path) -> None:
    folder = write_root(tmp_path)
    moved = folder.rename(tmp_path / "another")
    assert problems(moved) == ["another/pack.yaml, dòng 1, id: mã “plan-2024” phải giống tên thư mục “another”."]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = write_root(tmp_path)
    (folder / "rules.yaml").unlink()
    assert problems(folder) == ["plan-2024/rules.yaml, dòng 1: không đọc được tệp."]


def test_parameters_and_tests_may_be_left_out() -> None:
    rule = sample.changed(sample.RATE_RULE, target={"at_least": "100%"})
    texts = sample.texts(rules=[rule])
    del texts["parameters.yaml"]
    pack = pack_from_texts(texts, sample.CATALOGUE)
    assert (pack.parameters, pack.tests) == ({}, ())


def test_a_file_over_one_megabyte_is_refused(tmp_path: Path) -> None:
    folder = write_root(tmp_path)
    (folder / "rules.yaml").write_text("#" * 1_000_001)
    assert problems(folder) == ["plan-2024/rules.yaml, dòng 1: tệp lớn hơn 1 MB."]


def test_a_file_of_ten_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    folder = write_root(tmp_path)
    with (folder / "rules.yaml").open("wb") as file:
        file.truncate(10_000_000)
    assert problems(folder) == ["plan-2024/rules.yaml, dòng 1: tệp lớn hơn 1 MB."]


def test_a_text_of_ten_megabytes_is_refused_too() -> None:
    texts = sample.texts() | {"rules.yaml": "# " + "x" * 10_000_000}
    assert problems_in(texts) == ["rules.yaml, dòng 1: tệp lớn hơn 1 MB."]


def test_a_file_in_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    folder = write_root(tmp_path)
    (folder / "pack.yaml").write_bytes(b"id: plan-2024\ntitle: K\xca ho\xa1ch\n")
    assert problems(folder) == ["plan-2024/pack.yaml, dòng 2: không phải là chữ mã hóa UTF-8."]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- &a {id: x}\n- *a\n", "dòng 1: không dùng ký hiệu & và * của YAML; hãy viết lại cho đủ."),
        ("id: !!python/object:os.system x\n", "dòng 1: không dùng thẻ"),
        ("[" * 500, "dòng 1: lồng nhau quá sâu."),
        ("id: x\nname: \x07\n", "dòng 2: có ký tự không được phép."),
        ("", "dòng 1: phải là các cặp “tên: giá trị”."),
        ("- 1\n", "dòng 1: phải là các cặp “tên: giá trị”."),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, sentence: str) -> None:
    assert sentence in problems_in(sample.texts() | {"pack.yaml": text})[0]


def test_yaml_words_mean_what_they_say() -> None:
    rule = sample.changed(sample.CONDITION_RULE, fails_when={"b.word": {"one_of": ["A"]}})
    texts = sample.texts(rules=[rule])
    assert "- A\n" in texts["rules.yaml"]
    texts["rules.yaml"] = texts["rules.yaml"].replace("- A\n", "- no\n      - 010\n      - 0.5\n")
    condition = pack_from_texts(texts, sample.CATALOGUE).rule("p-2").fails_when
    assert condition is not None
    assert condition.comparisons["b.word"].operands == ("no", "010", "0.5")


def test_the_hash_is_of_the_content_and_not_of_the_line_ends() -> None:
    texts = sample.texts()
    dos = {name: "\ufeff" + text.replace("\n", "\r\n") for name, text in texts.items()}
    changed = texts | {"pack.yaml": texts["pack.yaml"] + "# ghi chú\n"}
    first = pack_from_texts(texts).hash
    assert first.startswith("sha256:")
    assert pack_from_texts(dos).hash == first
    assert pack_from_texts(changed).hash != first


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        ({"period": "2024-13"}, "[0].period: “2024-13” không phải là kỳ"),
        ({"expect": {"p-9": {"U": "pass"}}}, "[0].expect.p-9: không có quy tắc “p-9”."),
        ({"expect": {"p-1": {"U": "good"}}}, "[0].expect.p-1.U.status: phải là một trong:"),
        ({"given": [{"kind": "pay"}]}, "[0].given[0]: dữ kiện thiếu “unit”."),
        ({"given": [{"kind": "x", "unit": "U"}]}, "[0].given[0].kind: không có loại dữ kiện “x”."),
        (
            {"given": [{"kind": "pay", "unit": "U", "paid": 1}]},
            "[0].given[0].paid: dữ kiện “pay”: không có trường “paid”.",
        ),
        (
            {"given": [{"kind": "pay", "unit": "U", "due": -1}]},
            "[0].given[0].due: dữ kiện “pay”: “due” không được âm (-1).",
        ),
    ],
)
def test_a_test_of_what_does_not_exist_is_refused(test: dict[str, Any], sentence: str) -> None:
    whole = {"name": "Thử", "period": "2024-06", "expect": {"p-1": {"U": "pass"}}} | test
    (problem,) = problems_in(sample.texts(tests=[whole]))
    assert sentence in problem


def things(rule: dict[str, Any], **changes: Any) -> str:
    """The first problem of a rule about single things, without its line."""
    problem, *_ = problems_in(sample.texts(rules=[sample.changed(rule, **changes)]))
    return problem.partition(", ")[2].partition(", ")[2]


NOTE = sample.DUTY_RULE["requires"]["note"]


@pytest.mark.parametrize(
    ("rule", "changes", "sentence"),
    [
        (
            "THING_RULE",
            {"judge": {"each": "pay", "every": "month"}, "message": sample.words("x")},
            "[0].judge.each: không có loại dữ kiện về từng việc riêng “pay”; có: earlier_failure, note, overdue, step.",
        ),
        (
            "THING_RULE",
            {"fails_when": {"pay.due": {"equals": 1}}},
            "[0].fails_when.pay.due: ở đây chỉ đọc được trường của “overdue”, không phải “pay.due”.",
        ),
        (
            "THING_RULE",
            {"message": sample.words("{day}")},
            "[0].message.vi: “{day}” không có trong kết quả; dùng: {days}, {flag}, {period}, {since}, {subject}, "
            "{unit}, {word}, {x}.",
        ),
        (
            "CONDITION_RULE",
            {"fails_when": {"b.word": {"equals": "a.x"}}},
            "[0].fails_when.b.word.equals: “a.x”: chỉ so sánh được hai trường số với nhau.",
        ),
        (
            "CONDITION_RULE",
            {"fails_when": {"a.x": {"equals": "a.q"}}},
            "[0].fails_when.a.x.equals: dữ kiện “a” không có trường “q”; có: x, y, z.",
        ),
        (
            "CONDITION_RULE",
            {"fails_when": {"total": {"of": "a.x", "equals": "online_rate"}}},
            "[0].fails_when.total.equals: tham số “online_rate” có đơn vị share, ở đây cần calendar_days, count, days, "
            "working_days.",
        ),
        (
            "COUNT_RULE",
            {"count": {"of": "b.flag", "at_least": 1}},
            "[0].count.of: “b.flag” không phải là số đếm.",
        ),
        (
            "COUNT_RULE",
            {"count": {"of": "a.x", "at_least": "span"}},
            "[0].count.at_least: tham số “span” có đơn vị days, ở đây cần count.",
        ),
        (
            "RATE_RULE",
            {"target": {"at_least": "b.word"}},
            "[0].target.at_least: “b.word” không phải là số đếm.",
        ),
        (
            "DUTY_RULE",
            {"requires": {"letter": NOTE}},
            "[0].requires.letter: không có loại dữ kiện về từng việc riêng “letter”; có: earlier_failure, note, "
            "overdue, step.",
        ),
        (
            "DUTY_RULE",
            {"requires": {"note": NOTE | {"done_on": "note.by_head"}}},
            "[0].requires.note.done_on: “note.by_head” không phải là trường ghi ngày.",
        ),
        (
            "DUTY_RULE",
            {"requires": {"note": NOTE | {"within": NOTE["within"] | {"counted_in": "span"}}}},
            "[0].requires.note.within.counted_in: tham số “span” có đơn vị days, ở đây cần day_kind.",
        ),
        (
            "CLOCK_RULE",
            {"clock": sample.CLOCK_RULE["clock"] | {"ended": "step.working"}},
            "[0].clock.ended: “step.working” không phải là trường đúng/sai.",
        ),
        (
            "ESCALATION",
            {"escalates": {"rules": ["p-7"], "periods": 2}},
            "[0].escalates.rules: không có quy tắc “p-7”.",
        ),
        (
            "ESCALATION",
            {"escalates": {"rules": ["p-9"], "periods": 2}},
            "[0].escalates.rules: “p-9” cũng là quy tắc tăng nặng.",
        ),
    ],
)
def test_what_a_form_names_must_exist_and_fit(rule: str, changes: dict[str, Any], sentence: str) -> None:
    assert things(getattr(sample, rule), **changes) == sentence


def groups_in_groups(number: int, field: str) -> dict[str, Any]:
    """A condition of so many groups, `any` and `all` by turns, each within the next."""
    condition: dict[str, Any] = {field: {"equals": 0}}
    for place in range(1, number + 1):
        condition = {("all", "any")[place % 2]: [condition, {field: {"equals": place}}]}
    return condition


def test_a_condition_of_fifteen_groups_is_taken_and_one_of_sixteen_refused() -> None:
    """Fifteen is what the engine takes, asked itself in `test_engine`."""
    for number, problem in (
        (15, []),
        (16, ["quy tắc p-2 có quá nhiều điều kiện; hãy tách thành nhiều quy tắc."]),
    ):
        asked = sample.changed(sample.CONDITION_RULE, fails_when=groups_in_groups(number, "a.x"))
        assert sentences(asked) == problem


def test_what_a_deed_must_be_is_bounded_like_any_condition() -> None:
    for number, problem in (
        (15, []),
        (16, ["quy tắc p-4 có quá nhiều điều kiện; hãy tách thành nhiều quy tắc."]),
    ):
        where = groups_in_groups(number, "note.x")
        asked = sample.changed(sample.DUTY_RULE, requires={"note": {"where": where}})
        assert sentences(asked) == problem


def sentences(rule: dict[str, Any]) -> list[str]:
    """What is wrong with a pack of that rule, in words."""
    try:
        pack_from_texts(sample.texts(rules=[rule]), sample.CATALOGUE)
    except PackError as error:
        return [str(problem.placed).rpartition(": ")[2] for problem in error.problems]
    return []


def test_a_duty_is_about_the_same_sort_of_thing() -> None:
    rule = sample.changed(sample.DUTY_RULE, requires={"step": {}})
    assert things(rule) == "[0].requires.step: “step” nói về step, còn “overdue” nói về case."


def same(*names: str) -> dict[str, Any]:
    """Parameters, each the same as the next, the last the same as the first."""
    return sample.PARAMETERS | {
        name: {
            "title": sample.words(name),
            "unit": "count",
            "values": {"2024-01-01": {"same_as": other, "source": sample.QUOTE}},
        }
        for name, other in zip(names, (*names[1:], names[0]), strict=True)
    }


@pytest.mark.parametrize(
    ("names", "circle"), [(["one"], "one → one"), (["one", "two", "three"], "one → two → three → one")]
)
def test_parameters_that_lead_round_in_a_circle_are_refused(names: list[str], circle: str) -> None:
    found = problems_in(sample.texts(parameters=same(*names)))
    assert len(found) == len(names)
    assert found[0].endswith(f"one.values.2024-01-01.same_as: các tham số dẫn vòng quanh: {circle}.")
    assert found[0].startswith("parameters.yaml, dòng ")


def test_a_parameter_the_same_as_none_or_as_one_of_another_unit_is_refused() -> None:
    parameters = same("one")
    for other, sentence in (
        ("nothing", "không có tham số “nothing” trong parameters.yaml."),
        ("online_rate", "tham số “online_rate” có đơn vị share, ở đây cần count."),
    ):
        parameters["one"]["values"]["2024-01-01"]["same_as"] = other
        (problem,) = problems_in(sample.texts(parameters=parameters))
        assert problem.endswith(f"one.values.2024-01-01.same_as: {sentence}")


def test_two_tests_of_one_name_are_refused() -> None:
    test = {"name": "Thử", "period": "2024-06", "expect": {"p-1": {"U": "pass"}}}
    (problem,) = problems_in(sample.texts(tests=[test, test]))
    assert problem.endswith("[1].name: hai phép thử cùng mang tên “Thử”.")


def test_a_fact_about_a_thing_needs_its_name_in_a_test() -> None:
    test = {"name": "Thử", "period": "2024-06", "expect": {"p-3": {"U": "pass"}}}
    given = [{"kind": "overdue", "unit": "U", "days": 1}]
    (problem,) = problems_in(sample.texts(rules=[sample.THING_RULE], tests=[test | {"given": given}]))
    assert problem.endswith("[0].given[0]: dữ kiện “overdue”: thiếu “subject”.")


def test_a_test_that_does_not_come_out_is_told_with_file_line_and_field() -> None:
    given = [
        {"kind": "overdue", "unit": "U", "subject": "H1", "days": 9},
        {"kind": "overdue", "unit": "U", "subject": "H2", "days": 1},
    ]
    right = {
        "name": "Đúng",
        "period": "2024-06",
        "given": given,
        "expect": {"p-3": {"U": {"status": "fail", "subjects": "H1"}}},
    }
    wrong = right | {"name": "Sai", "expect": {"p-3": {"U": {"status": "fail", "subjects": ["H1", "H2"]}}}}
    texts = sample.texts(rules=[sample.THING_RULE], tests=[right, wrong])
    pack = pack_from_texts(texts, sample.CATALOGUE)
    (failure,) = run_pack_tests(pack, sample.CATALOGUE)
    second = texts["tests.yaml"].index("Sai")
    line = texts["tests.yaml"][: texts["tests.yaml"].index("    U:", second)].count("\n") + 1
    assert str(failure) == (
        f"tests.yaml, dòng {line}, [1].expect.p-3.U: phép thử “Sai” cần fail subjects=[H1, H2], "
        "có fail numerator=1 denominator=2 shortfall=1 subjects=[H1: fail]."
    )


def test_a_test_may_look_at_the_period_from_a_day_within_it() -> None:
    given = [{"kind": "overdue", "unit": "U", "subject": "H1", "since": date(2024, 6, 10)}]
    expect = {"p-4": {"U": {"status": "pending", "pending": ["H1"]}}}
    early = {"name": "Chưa đến hạn", "period": "2024-06", "as_of": date(2024, 6, 13), "given": given, "expect": expect}
    late = early | {
        "name": "Quá hạn",
        "as_of": date(2024, 6, 14),
        "expect": {"p-4": {"U": {"status": "fail", "missing": "H1"}}},
    }
    pack = pack_from_texts(sample.texts(rules=[sample.DUTY_RULE], tests=[early, late]), sample.CATALOGUE)
    assert run_pack_tests(pack, sample.CATALOGUE) == []


def test_faulty_documents_are_told(tmp_path: Path) -> None:
    write_root(tmp_path)
    (tmp_path / "documents" / "plan.txt").unlink()
    with pytest.raises(PackError, match=r"documents.yaml, dòng 2, file: không có tệp plan.txt."):
        load_packs(tmp_path, sample.CATALOGUE)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="không có thư mục bộ quy tắc này"):
        load_packs(tmp_path / "nowhere", sample.CATALOGUE)
    with pytest.raises(PackError, match="không có thư mục bộ quy tắc này"):
        load_pack(tmp_path / "nowhere", sample.CATALOGUE)
