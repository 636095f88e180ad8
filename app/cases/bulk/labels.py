"""What the reader sees for each word of the room."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.registries import name_actions, name_details, name_subjects

name_actions(
    {
        "bulk_action": _l("Thao tác nhiều hồ sơ"),
        "finish_bulk_action": _l("Làm xong thao tác nhiều hồ sơ"),
        "undo_bulk_action": _l("Hoàn tác thao tác nhiều hồ sơ"),
        "finish_undo_bulk_action": _l("Hoàn tác xong thao tác nhiều hồ sơ"),
    },
)
name_subjects({"bulk_action": _l("Thao tác nhiều hồ sơ")})
name_details(
    {
        "cases": _l("số hồ sơ"),
        "chosen": _l("số hồ sơ đã chọn"),
        "done": _l("đã làm"),
        "left_out": _l("bỏ qua"),
        "undone": _l("đã hoàn tác"),
        "kept": _l("giữ nguyên"),
    }
)
