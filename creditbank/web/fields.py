"""Fields of longer forms: each read within its bounds, or refused by the name that the form has."""

from creditbank import catalogue
from creditbank.errors import CreditBankError
from creditbank.hours import HoursTextInvalidError, centihours_from_text
from creditbank.web import forms
from creditbank.web.pages import reader_language


class FormFieldEmptyError(CreditBankError):
    """Nothing was entered where something is wanted."""

    code = "form-field-empty"
    status = 422


class FormFieldLongError(CreditBankError):
    """More was entered than fits."""

    code = "form-field-long"
    status = 422


class FormNumberError(CreditBankError):
    """What was entered is no whole number within the bounds."""

    code = "form-field-number"
    status = 422


class FormHoursError(CreditBankError):
    """What was entered is no number of hours."""

    code = "form-field-hours"
    status = 422


def text(name: str, label: str, most: int, *, wanted: bool = True) -> str:
    """Return a line of text.

    Args:
        name: of the field.
        label: code of the words by which the form calls it.
        most: characters that fit.
        wanted: nothing is refused.

    Raises:
        FormFieldEmptyError, FormFieldLongError: naming the field.
    """
    typed = forms.typed(name)
    if not typed and wanted:
        raise empty(label)
    if len(typed) > most:
        raise FormFieldLongError(field=_said(label), found=len(typed), wanted=most)
    return typed


def whole(name: str, label: str, bounds: tuple[int, int]) -> int | None:
    """Return a whole number; None where nothing was entered.

    Raises:
        FormNumberError: naming the field and the bounds.
    """
    typed = forms.typed(name)
    if not typed:
        return None
    low, high = bounds
    # Digits of other scripts are digits to Python, and lengths are bounded before they are read.
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= len(str(high))
    if not is_number or not low <= int(typed) <= high:
        raise FormNumberError(field=_said(label), found=typed[:20], low=low, high=high)
    return int(typed)


def centihours(name: str, label: str) -> int | None:
    """Return hours in centihours; None where nothing was entered.

    Raises:
        FormHoursError: naming the field.
    """
    typed = forms.typed(name)
    try:
        return centihours_from_text(typed) if typed else None
    except HoursTextInvalidError as error:
        raise FormHoursError(field=_said(label), found=typed[:20]) from error


def empty(label: str) -> FormFieldEmptyError:
    """Make the refusal of a field, by the code of the words that call it, that was left empty."""
    return FormFieldEmptyError(field=_said(label))


def _said(label: str) -> str:
    return catalogue.text(label, reader_language())
