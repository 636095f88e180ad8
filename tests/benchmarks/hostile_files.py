"""Files made to be dear to read: packs that take long to check, pictures small on the disk, large in memory."""

from __future__ import annotations

import io
from functools import cache

BOUNDARY = "ranh-gioi-cua-phep-do"

PACK = """id: {name}
title: {{vi: Kế hoạch thử, en: A plan on trial}}
document: thu-2024
in_force: {{from: 2024-01-01, until: 2024-12-31}}
"""
SOURCE = '{document: thu-2024, place: "1", quote: "từ 40%"}'
PARAMETER = "{name}:\n  title: {{vi: Tỷ lệ, en: Share}}\n  unit: share\n  values:\n{values}"
RULES = f"""- id: thu-1
  title: {{vi: Thanh toán trực tuyến, en: Paid online}}
  severity: major
  legal_basis: {SOURCE}
  judge: {{each: unit, every: month}}
  rate: {{count: payment.online, among: payment.eligible}}
  target: {{at_least: RATE}}
  message: {{vi: "{{unit}}: {{value}}", en: "{{unit}}: {{value}}"}}
  remedy: {{vi: Hướng dẫn, en: Guide people}}
  answer_within: {{working_days: 5}}
"""
TEST = """- name: Tình huống {number}
  period: 2024-06
  given: [{{kind: payment, unit: LDVL, online: {number}, eligible: 1000}}]
  expect: {{thu-1: {{LDVL: pass}}}}
"""


def multipart(fields: dict[str, str], files: dict[str, bytes]) -> bytes:
    """A form with files, each under the field `files`."""
    out = io.BytesIO()
    for name, value in fields.items():
        out.write(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, content in files.items():
        head = f'Content-Disposition: form-data; name="files"; filename="{name}"'
        out.write(f"--{BOUNDARY}\r\n{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode())
        out.write(content + b"\r\n")
    out.write(f"--{BOUNDARY}--\r\n".encode())
    return out.getvalue()


def pack_of_chained_parameters(number: int) -> dict[str, bytes]:
    """Each parameter has two dated values, both the same as the next one's: 2^number ways to the last."""
    days = ("2024-01-01", "2024-07-01")

    def value(at: int) -> str:
        return f"same_as: p{at + 1}" if at < number - 1 else "value: 40%"

    parameters = "".join(
        PARAMETER.format(
            name=f"p{at}", values="".join(f"    {day}: {{{value(at)}, source: {SOURCE}}}\n" for day in days)
        )
        for at in range(number)
    )
    return _pack("vong", parameters, RULES.replace("RATE", "p0"), TEST.format(number=1))


def pack_with_failing_tests(number: int, name: str) -> dict[str, bytes]:
    """One rule, and so many tests of it that all expect the wrong."""
    parameter = PARAMETER.format(name="ty_le", values=f"    2024-01-01: {{value: 40%, source: {SOURCE}}}\n")
    return _pack(
        name, parameter, RULES.replace("RATE", "ty_le"), "".join(TEST.format(number=each) for each in range(number))
    )


def _pack(name: str, parameters: str, rules: str, tests: str) -> dict[str, bytes]:
    texts = {"pack": PACK.format(name=name), "parameters": parameters, "rules": rules, "tests": tests}
    return {f"{file}.yaml": text.encode() for file, text in texts.items()}


@cache
def _large_png() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("I;16", (6_500, 6_000), 40_000).save(out, "PNG", compress_level=9)
    return out.getvalue()


def large_png(number: int) -> bytes:
    """39 million points of 16 bits; another number gives another content (behind the picture's end)."""
    return _large_png() + b"%d" % number


@cache
def _long_tiff() -> bytes:
    from PIL import Image

    out, page = io.BytesIO(), Image.new("1", (6_500, 6_000), 1)
    page.save(out, "TIFF", compression="group4", save_all=True, append_images=[page] * 39)
    return out.getvalue()


def long_tiff(number: int) -> bytes:
    """40 pages of 39 million points each."""
    return _long_tiff() + b"%d" % number


@cache
def _pages(number: int) -> bytes:
    kids = " ".join(f"{each + 3} 0 R" for each in range(number))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Count {number} /Kids [{kids}] >>"]
    objects += ["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"] * number
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for at, each in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{at} 0 obj\n{each}\nendobj\n".encode())
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010d} 00000 n \n" for place in places).encode())
    out.write(f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def pdf_of_pages(pages: int, number: int) -> bytes:
    """A PDF with so many page objects."""
    return _pages(pages) + b"%% %d\n" % number
