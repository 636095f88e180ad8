"""Keys and seconds of the commonest acts at the desk, with a real browser and no mouse: `make bench ARGS=acts`.

Keys are whatever is pressed from the page before to the page after, words among them; what of them are words is told
apart. Seconds are those of a hand that never waits, so they are the site's and the browser's: the median of the rounds,
from the first key of the act to the page that says it is done.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import expect

from app.web import extensions
from tests.benchmarks.measuring import Answer
from tests.browser.site import PASSWORD, Visitor, chromium, running_site, still
from tests.clock import at

MORNING = at("2024-07-01 08:00")
MOST_MS = 120_000  # for a page, on a machine that does much else
NAME = "Công ty TNHH Không Chuột"


class Hand:
    """One person at one keyboard."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.page.set_default_timeout(MOST_MS)
        self.keys = self.words = 0

    def press(self, *keys: str) -> None:
        """Keys that are no words."""
        for key in keys:
            still(self.page)
            self.page.keyboard.press(key)
            self.keys += 1

    def open(self, key: str) -> None:
        """The form of an act, which takes the focus."""
        self.press(key)
        within = "(selector) => document.querySelector(selector)?.matches(':focus-within')"
        self.page.wait_for_function(within, arg="#action")

    def write(self, text: str) -> None:
        """Words, into what has the focus."""
        still(self.page)
        self.page.keyboard.type(text)
        self.keys += len(text)
        self.words += len(text)

    def told(self, words: str) -> None:
        """The page says so: the act is done."""
        expect(self.page.locator("#flashes")).to_contain_text(words)


def acts(hand: Hand, round: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """The acts in the order of a morning, each beginning where the one before has ended."""
    page, case = hand.page, {"address": "", "code": ""}

    def sign_in() -> None:
        hand.write("motcua")
        hand.press("Tab")
        hand.write(PASSWORD)
        hand.press("Enter")
        page.wait_for_url(lambda url: "dang-nhap" not in url)

    def receive() -> None:
        hand.press("n")
        page.wait_for_url(re.compile("tiep-nhan"))
        hand.write("giay phep lao dong")
        hand.press("Enter")
        for text in (f"42009998{round:02d}", f"09059998{round:02d}"):  # nobody who is known today
            hand.write(text)
            hand.press("Tab")
        hand.write(NAME)
        hand.press("F8")
        expect(page.locator("#particulars input.input-count").first).to_have_value("1")
        hand.press("Control+Enter")
        page.wait_for_url(re.compile(r"/ho-so/\d+"))
        case["address"], case["code"] = re.sub(r"[?#].*", "", page.url), page.title().split(" – ")[0]

    def slip() -> None:
        hand.press("u")
        page.wait_for_url("**/phieu/tiep-nhan")

    def pay() -> None:
        hand.open("p")
        hand.press("Enter")
        page.wait_for_url(re.compile("bien_lai=moi"))

    def find() -> None:
        hand.press("/")
        hand.write(case["code"])
        hand.press("Enter")
        page.wait_for_url(re.compile(re.escape(case["address"].rsplit("/", 1)[1])))

    def note() -> None:
        hand.open("y")
        hand.write("Đã gọi cho người nộp.")
        hand.press("Control+Enter")
        hand.told("Đã ghi: Ý kiến")

    def supplement() -> None:
        hand.open("b")
        hand.write("Thiếu giấy khám sức khỏe.")
        hand.press("Control+Enter")
        hand.told("Đã ghi: Yêu cầu bổ sung")

    def supplemented() -> None:
        hand.open("b")
        hand.press("Enter")
        hand.told("Đã ghi: Đã bổ sung")

    def hand_over() -> None:
        hand.open("c")
        hand.press("Enter")
        hand.told("Đã ghi: Chuyển xử lý")

    yield "sign in", sign_in
    yield "receive a case, all required papers as asked", receive
    yield "print its slip", slip
    page.goto(case["address"])
    yield "take the fee in cash", pay
    page.goto(hand.visitor.site.address + "/ho-so/viec-hom-nay")
    yield "find a case by its code", find
    yield "note something", note
    yield "ask for a supplement", supplement
    yield "the supplement came", supplemented
    yield "hand it over to the next stage", hand_over


def measure(rounds: int) -> Answer:
    """Of each act: keys, words among them, and the median of the rounds' seconds."""
    found: Answer = {}
    taken: dict[str, list[float]] = {}
    with _served() as visitors:
        for number in range(rounds):
            hand = Hand(visitors())
            hand.visitor.go("/dang-nhap")
            for name, act in acts(hand, number):
                hand.keys = hand.words = 0
                still(hand.page)
                start = time.perf_counter()
                act()
                taken.setdefault(name, []).append(time.perf_counter() - start)
                found[name] = {"keys": hand.keys, "words": hand.words, "seconds": median(taken[name])}
            hand.visitor.leave()
    return found


@contextmanager
def _served() -> Iterator[Callable[[], Visitor]]:
    extensions.now = lambda: MORNING  # a working day, whenever this is measured
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), cases=300, until=MORNING.date(), months=2) as site,
        chromium() as browser,
    ):
        yield lambda: Visitor.arrive(site, browser)
