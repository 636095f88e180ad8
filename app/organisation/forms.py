"""The forms of the organisation room. They only read what was typed; what may be is decided by the services."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field
from wtforms.validators import Length, Optional, ValidationError

from app.core.calendar import DayPart
from app.organisation.models import DelegationKind, Person, Role, SuccessionKind, Unit, UnitKind
from app.organisation.registries import action_choices, subject_choices
from app.organisation.sheets import LARGEST
from app.organisation.succession import Foreseen, Successors
from app.web.formats import label
from app.web.forms import (
    NEEDED,
    ChoiceField,
    DayField,
    HiddenField,
    MultiCheckboxField,
    PasswordField,
    ReasonField,
    ReasonLineField,
    StringField,
    TextAreaField,
    number_or_none,
)


def _typed(field: Field) -> Any:
    """What was typed; a text field that was not sent at all is an empty text."""
    return field.data or "" if isinstance(field, StringField) else field.data


def _word_of(kind: type[Role] | type[UnitKind]) -> Callable[[object], object]:
    return lambda value: None if value in (None, "") else kind(str(value))


UNIT_FIELDS = ("code", "name", "name_en", "kind", "parent_id", "is_desk", "valid_from")


class SignInForm(FlaskForm):
    """Đăng nhập."""

    username = StringField(_l("Tên đăng nhập"), validators=[NEEDED])
    password = PasswordField(_l("Mật khẩu"), validators=[NEEDED])
    next = HiddenField()


class CodeForm(FlaskForm):
    """Mã xác thực, hoặc mã dự phòng."""

    code = StringField(_l("Mã xác thực"), validators=[NEEDED, Length(max=40)])


class OwnPasswordForm(FlaskForm):
    """Đổi mật khẩu."""

    current = PasswordField(_l("Mật khẩu hiện tại"), validators=[NEEDED])
    password = PasswordField(_l("Mật khẩu mới"), validators=[NEEDED])
    repeated = PasswordField(_l("Nhập lại mật khẩu mới"), validators=[NEEDED])

    def validate_repeated(self, field: PasswordField) -> None:
        if field.data != self.password.data:
            raise ValidationError(_("Hai lần nhập mật khẩu mới không giống nhau."))


class UnitForm(FlaskForm):
    """Đơn vị. The code is asked for only when a unit is added."""

    code = StringField(_l("Mã đơn vị"), description=_l("Dùng mãi mãi, không sửa được về sau. Ví dụ: LDVL."))
    name = StringField(_l("Tên đơn vị"), validators=[NEEDED])
    name_en = StringField(_l("Tên tiếng Anh"))
    kind = ChoiceField(_l("Loại đơn vị"), coerce=_word_of(UnitKind), validators=[NEEDED])
    parent_id = ChoiceField(_l("Đơn vị cấp trên"), coerce=number_or_none)
    is_desk = BooleanField(_l("Bộ phận một cửa: tiếp nhận hồ sơ cho mọi đơn vị"))
    valid_from = DayField(_l("Thành lập từ ngày"), validators=[Optional()])
    aliases = TextAreaField(
        _l("Tên gọi khác"), description=_l("Mỗi dòng một cách viết trong văn bản, trong tệp xuất từ phần mềm một cửa.")
    )

    @classmethod
    def of(cls, unit: Unit | None, units: Sequence[Unit]) -> UnitForm:
        """The form of a unit, or of a new one; `units` may stand above it."""
        aliases = sorted(alias.alias for alias in unit.aliases) if unit else []
        form = cls(data={name: getattr(unit, name, None) for name in UNIT_FIELDS} | {"aliases": "\n".join(aliases)})
        if unit is None:
            form.code.validators = [NEEDED]
            form.code.flags.required = True
        else:
            del form.code
        form.kind.choices = [(kind, label(kind)) for kind in UnitKind]
        form.parent_id.choices = [("", _("(không có)"))] + [(above.id, indented(above)) for above in units]
        return form

    def values(self) -> dict[str, Any]:
        values = {name: _typed(self[name]) for name in UNIT_FIELDS if name in self}
        return values | {"aliases": (self.aliases.data or "").splitlines()}


class ProfileForm(FlaskForm):
    """Tên, địa danh, phần đầu mã hồ sơ của cơ quan."""

    name = StringField(_l("Tên cơ quan"), validators=[NEEDED], description=_l("Như trên văn bản, ví dụ: Sở Nội vụ."))
    place = StringField(
        _l("Tỉnh, thành phố"), validators=[NEEDED], description=_l("Không ghi chữ “tỉnh”, ví dụ: Khánh Hòa.")
    )
    case_prefix = StringField(
        _l("Phần đầu mã hồ sơ"),
        validators=[NEEDED],
        description=_l("Mã định danh của cơ quan, ví dụ: H32.12. Mã đã cấp giữ nguyên."),
    )


class WorkbookForm(FlaskForm):
    """Một bảng tính đã điền: tệp chọn từ máy, hoặc chính tệp vừa xem trước."""

    file = FileField(_l("Tệp Excel (.xlsx)"))
    content = HiddenField(validators=[Length(max=2 * LARGEST)])  # base64, of what was looked through
    file_name = HiddenField()

    def brought(self) -> tuple[str, bytes] | None:
        """Name and bytes of the file, no more read than may be; None, with the sentence, where none was chosen."""
        if self.confirmed:
            try:
                return self.file_name.data or "", b64decode(self.content.data or "", validate=True)
            except ValueError:
                return self.file_name.data or "", b""
        if not self.file.data or not self.file.data.filename:
            self.file.errors = [_("Hãy chọn một tệp.")]
            return None
        name, content = self.file.data.filename, self.file.data.stream.read(LARGEST + 1)
        self.file_name.data, self.content.data = name, b64encode(content).decode()
        return name, content

    @property
    def confirmed(self) -> bool:
        """Whether what was looked through is to be taken."""
        return "content" in request.form


class SuccessionForm(FlaskForm):
    """Giải thể, sáp nhập, chia tách đơn vị. `seen` is a digest of what was shown, so that nothing passes unseen."""

    last_day = DayField(_l("Ngày hoạt động cuối cùng"), validators=[NEEDED])
    kind = ChoiceField(_l("Hình thức"), coerce=lambda value: SuccessionKind(str(value)))
    decision = StringField(_l("Quyết định (số, ngày)"), validators=[NEEDED])
    default = ChoiceField(_l("Đơn vị kế thừa"), description=_l("Nhận mọi việc không giao riêng cho đơn vị khác."))
    others = MultiCheckboxField(
        _l("Đơn vị kế thừa khác"), description=_l("Khi chia tách: chọn từng thủ tục, từng người ở bước xem trước.")
    )
    seen = HiddenField()

    @classmethod
    def of(cls, unit: Unit, units: Sequence[Unit]) -> SuccessionForm:
        """The form for a unit; `units` may succeed it."""
        form = cls(data={"kind": SuccessionKind.CLOSE})
        form.kind.choices = [
            (kind, label(kind)) for kind in (SuccessionKind.CLOSE, SuccessionKind.MERGE, SuccessionKind.SPLIT)
        ]
        heirs = [(heir.code, indented(heir)) for heir in units if heir.id != unit.id]
        form.default.choices = [("", _("(không còn việc nào để chuyển)")), *heirs]
        form.others.choices = [(heir.code, heir.name) for heir in units if heir.id != unit.id]
        return form

    def decided(self, typed: MultiDict[str, str]) -> dict[str, Any]:
        """What the service takes; who gets which procedure and whom, from the list that was shown."""
        chosen: dict[str, dict[str, str]] = {"procedure": {}, "person": {}}
        default, others = self.default.data or "", tuple(self.others.data or ())
        for name, code in typed.items():
            mark, _colon, rest = name.partition(":")
            kind, _colon, key = rest.partition(":")
            if mark == "to" and kind in chosen and code in (default, *others) and code != default:
                chosen[kind][key] = code
        return {
            "successors": Successors(default, chosen["procedure"], chosen["person"], others),
            "last_day": self.last_day.data,
            "decision": self.decision.data or "",
            "kind": self.kind.data,
        }

    def agreed(self, foreseen: Foreseen) -> bool:
        """Whether what would pass is what was shown when the form was sent. Else it is shown now."""
        shown = [(part.kind, [each.record_id for each in passings]) for part, passings in foreseen.parts]
        digest = hashlib.sha256(repr((foreseen.decision.unit.id, shown, sorted(self.others.data or ()))).encode())
        seen, self.seen.data = self.seen.data, digest.hexdigest()
        return bool(seen == self.seen.data)


class RenamingForm(FlaskForm):
    """Đổi tên đơn vị theo quyết định."""

    name = StringField(_l("Tên mới"), validators=[NEEDED])
    name_en = StringField(_l("Tên tiếng Anh"))
    code = StringField(_l("Mã mới (nếu đổi mã)"))
    first_day = DayField(_l("Từ ngày"), validators=[NEEDED])
    decision = StringField(_l("Quyết định (số, ngày)"), validators=[NEEDED])


class PersonForm(FlaskForm):
    """Người dùng. Username and password are asked for only when a person is added, the provider's subject only where
    accounts are bound by it."""

    username = StringField(_l("Tên đăng nhập"), validators=[NEEDED])
    full_name = StringField(_l("Họ và tên"), validators=[NEEDED])
    email = StringField(_l("Thư điện tử"))
    openid_subject = StringField(
        _l("Mã định danh ở nơi cấp tài khoản của tỉnh"), description=_l("Giá trị “sub” do nơi cấp tài khoản cho biết.")
    )
    unit_id = ChoiceField(_l("Đơn vị"), coerce=number_or_none, validators=[NEEDED])
    role = ChoiceField(_l("Vai trò"), coerce=_word_of(Role), validators=[NEEDED])
    password = PasswordField(
        _l("Mật khẩu ban đầu"),
        validators=[NEEDED],
        description=_l("Ít nhất 10 ký tự. Người này phải đổi khi đăng nhập lần đầu."),
    )

    @classmethod
    def of(cls, who: Person | None, units: Sequence[Unit]) -> PersonForm:
        """The form of a person, or of a new one; `units` may be theirs."""
        form = cls(obj=who)
        if who is not None:
            del form.username, form.password
        if not (current_app.config["SETTINGS"].openid_issuer and current_app.config["SETTINGS"].openid_claim == "sub"):
            del form.openid_subject
        form.unit_id.choices = [(unit.id, indented(unit)) for unit in units]
        form.role.choices = [(role, label(role)) for role in Role]
        return form

    def values(self) -> dict[str, Any]:
        return {name: _typed(self[name]) for name in self._fields if name != "csrf_token"}


class ResetPasswordForm(FlaskForm):
    """Đặt lại mật khẩu."""

    password = PasswordField(
        _l("Mật khẩu mới"),
        validators=[NEEDED],
        description=_l("Ít nhất 10 ký tự. Người này phải đổi khi đăng nhập lần tới."),
    )


class PeopleFilterForm(FlaskForm):
    """Lọc danh sách người dùng (GET). A value that is none of the list filters nothing."""

    class Meta:
        csrf = False

    text = StringField(_l("Tìm"))
    unit = ChoiceField(_l("Đơn vị"), coerce=number_or_none)
    role = ChoiceField(_l("Vai trò"), coerce=_word_of(Role))

    @classmethod
    def of(cls, typed: MultiDict[str, str], units: Sequence[Unit]) -> PeopleFilterForm:
        form = cls(typed)
        form.unit.choices = [("", _("Tất cả"))] + [(unit.id, indented(unit)) for unit in units]
        form.role.choices = [("", _("Tất cả"))] + [(role, label(role)) for role in Role]
        return form


class SiteDaysForm(FlaskForm):
    """Thêm ngày nghỉ hoặc ngày làm việc của cơ quan."""

    first = DayField(_l("Ngày"), validators=[NEEDED])
    last = DayField(_l("Đến ngày"), validators=[Optional()], description=_l("Để trống nếu chỉ một ngày."))
    working = ChoiceField(_l("Ngày này"), coerce=str, validators=[NEEDED])
    name = StringField(_l("Tên ngày"), description=_l("Ví dụ: Nghỉ tránh bão số 6."), validators=[NEEDED])
    reason = TextAreaField(_l("Lý do, văn bản làm căn cứ"), validators=[NEEDED])
    seen = HiddenField()  # the change whose moved deadlines have been shown, and how many they were

    def agreed(self, moved: Sequence[object]) -> bool:
        """Whether exactly this change was shown with as many moved deadlines, and sent again."""
        about = "|".join([str(self.values()), str(len(moved))])
        mark = hashlib.sha256(about.encode()).hexdigest()[:16]
        agreed: bool = self.seen.data == mark
        self.seen.data = mark
        return agreed

    @classmethod
    def of_site(cls) -> SiteDaysForm:
        """The empty form, or what was typed."""
        form = cls()
        form.working.choices = [
            ("off", _("Nghỉ")),
            ("off_morning", _("Nghỉ buổi sáng")),
            ("off_afternoon", _("Nghỉ buổi chiều")),
            ("worked", _("Làm việc (làm bù)")),
            ("worked_morning", _("Chỉ làm việc buổi sáng")),
            ("worked_afternoon", _("Chỉ làm việc buổi chiều")),
        ]
        return form

    def values(self) -> dict[str, Any]:
        working, _, part = (self.working.data or "").partition("_")
        return {
            "first": self.first.data,
            "last": self.last.data,
            "working": working == "worked",
            "part": DayPart(part or DayPart.DAY),
            "name": self.name.data,
            "reason": self.reason.data,
        }


class ConfirmYearForm(FlaskForm):
    """Xác nhận lịch nghỉ của một năm."""

    source = ReasonLineField(
        _l("Số, ngày của thông báo"), description=_l("Ví dụ: Thông báo 9441/TB-BNV ngày 16/10/2025.")
    )


class DelegationForm(FlaskForm):
    """Giao quyền của Giám đốc."""

    person = ChoiceField(_l("Người được giao"), coerce=int)
    form = ChoiceField(_l("Hình thức"), coerce=str)
    valid_from = DayField(_l("Từ ngày"), validators=[NEEDED])
    valid_to = DayField(_l("Đến hết ngày"), validators=[NEEDED])
    reason = ReasonField(_l("Lý do, căn cứ"))

    @classmethod
    def of(cls, people: Sequence[Person], first: date) -> DelegationForm:
        """The form with those who may be chosen, from a day on."""
        form = cls(valid_from=first)
        form.person.choices = [(who.id, f"{who.full_name} · {who.unit.name}") for who in people]
        form.form.choices = [(each.value, str(label(each))) for each in DelegationKind]
        return form


class EndDelegationForm(FlaskForm):
    """Thôi giao quyền."""

    reason = ReasonField(_l("Lý do"))


class AuditFilterForm(FlaskForm):
    """Lọc nhật ký (GET). A value that is none of the list filters nothing."""

    class Meta:
        csrf = False

    person = ChoiceField(_l("Người thực hiện"), coerce=str)
    action = ChoiceField(_l("Việc"), coerce=str)
    kind = ChoiceField(_l("Đối tượng"), coerce=str)
    subject = StringField(_l("Mã đối tượng"))
    since = DayField(_l("Từ ngày"), validators=[Optional()])
    until = DayField(_l("Đến ngày"), validators=[Optional()])

    @classmethod
    def of(cls, typed: MultiDict[str, str], people: Sequence[Person]) -> AuditFilterForm:
        form = cls(typed)
        everything = [("", _("Tất cả"))]
        form.person.choices = [
            *everything,
            ("command", _("(lệnh trên máy chủ)")),
            *((str(who.id), who.full_name) for who in people),
        ]
        form.action.choices = everything + action_choices()
        form.kind.choices = everything + subject_choices()
        return form


def indented(unit: Unit) -> str:
    """A unit's name in a list, moved right by its depth in the tree."""
    return "\u2003" * (unit.path.count("/") - 2) + unit.name


class ClockForm(FlaskForm):
    """Xác nhận đồng hồ máy chủ."""

    reason = TextAreaField(
        _l("Vì sao cách lần ghi gần nhất xa như vậy"),
        validators=[NEEDED],
        description=_l("Ví dụ: máy chủ tắt trong đợt sửa điện từ 02/06 đến 28/06."),
    )
