"""What templates make of plain data: codes of words in the catalogue, instants, days."""

from datetime import datetime

from flask import Flask

from creditbank.catalogue import entries, text
from creditbank.clock import CIVIL_ZONE, instant_from_text
from creditbank.hours import hours_text
from creditbank.registry.filing.kinds import KINDS
from creditbank.web.pages import reader_language


def prepare_words(app: Flask) -> None:
    """Let templates use these as filters: `{{ say(seat.role|role_code) }}`."""
    for made in (
        role_code, role_about_code, login_kind_code, state_code, claim_state_code,
        opinion_code, event_code, reason_code, menu_code, menu_about_code, moment,
        standing_code, standing_about_code, movement_code, trace_part_code,
        outcome_code, outcome_tone, fact_label_code, item_state_code, item_state_about_code,
        list_state_code, row_state_code,
        revocation_code, transfer_state_code,
        certificate_state_code, instant_moment, answer_code, disclosure_code,
        disclosure_about_code, hours, filing_state_code, filing_act_code,
        training_use_code, training_teller_code,
        filing_field_code, filing_step_code, filing_step_about_code, filing_ended_code,
        filing_ended_about_code, filing_kind_code, filing_fact_code, filing_word_code,
        filing_fact_has_words,
        fate_code, withdrawal_reason_code, region, investigation_reason_code,
        investigation_state_code, investigated_credit_code, reassessment_state_code,
        reassessment_tone, reassessment_plan_code, reassessment_outcome_code, link_reason_code,
        amendment_state_code, amendment_code,
        work_state_code, work_phase_code, organisation_kind_code, enterprise_class_code,
        recognition_level_code, fact_attribute_code, delegation_state_code, delegation_step_code,
        succession_code, client_scope_code, client_old_ends_code, name_check_state_code,
        name_finding_code, xapi_outcome_code, call_kind_code, call_lane_code, call_state_code,
        objection_code, objection_tone, query_way_code, refused_reason_code, holder_code_state_code,
        event_kind_code, event_changed_code, delivery_state_code,
        exemption_state_code, recommendation_finding_code,
    ):  # fmt: skip
        app.jinja_env.filters[made.__name__] = made


def role_code(role: str) -> str:
    """Name a role."""
    return f"role-{_slug(role)}"


def role_about_code(role: str) -> str:
    """Say what a role is for."""
    return f"role-about-{_slug(role)}"


def login_kind_code(kind: str) -> str:
    """Name a way to say who one is: a sign-in name, or a kind of document."""
    return f"login-kind-{_slug(kind)}"


def state_code(state: str) -> str:
    """Name the state of an account."""
    return f"account-state-{state}"


def claim_state_code(state: str) -> str:
    """Name the state of a claim."""
    return f"claim-state-{state}"


def opinion_code(opinion: str) -> str:
    """Name what a manager says of a claim."""
    return f"claim-opinion-{opinion or 'none'}"


def event_code(event: str) -> str:
    """Name a kind of event."""
    return f"event-{event}"


def reason_code(reason: str) -> str:
    """Name a reason."""
    return f"desk-reason-{reason}"


def menu_code(item: str) -> str:
    """Name a page on the home page."""
    return f"menu-{item}"


def menu_about_code(item: str) -> str:
    """Say what a page on the home page is for."""
    return f"menu-about-{item}"


def standing_code(standing: str) -> str:
    """Name how a credit stands."""
    return f"standing-{standing}"


def standing_about_code(standing: str) -> str:
    """Say what it means that a credit stands so."""
    return f"standing-about-{standing}"


def movement_code(movement: str) -> str:
    """Name what an entry does."""
    return f"movement-{movement}"


def trace_part_code(part: str) -> str:
    """Name a part of an explanation."""
    return f"trace-{part}"


def outcome_code(outcome: str) -> str:
    """Name an answer in one short line."""
    return f"ready-{_slug(outcome)}"


def outcome_tone(outcome: str) -> str:
    """Return the kind of notice in which an answer stands."""
    return {"not_met": "bad", "undetermined": "warn"}.get(outcome, "good")


def fact_label_code(fact: str) -> str:
    """Ask for a fact in words of the pages' own, where they have some; else its name does."""
    code = f"ready-fact-{_slug(fact)}"
    return code if code in entries() else ""


def list_state_code(state: str) -> str:
    """Name how a list stands."""
    return f"list-state-{state}"


def row_state_code(state: str) -> str:
    """Name how a row of a list stands."""
    return f"row-state-{state}"


def answer_code(outcome: str) -> str:
    """Name an outcome in a word or two."""
    return f"answer-outcome-{_slug(outcome)}"


def disclosure_code(disclosure: str) -> str:
    """Name how much an answer shows."""
    return f"disclosure-{disclosure}"


def disclosure_about_code(disclosure: str) -> str:
    """Say how much an answer shows."""
    return f"disclosure-about-{disclosure}"


def item_state_code(state: str) -> str:
    """Name how a declared item stands."""
    return f"item-state-{state}"


def item_state_about_code(state: str) -> str:
    """Say what comes next of an item that stands so."""
    return f"item-about-{state}"


def certificate_state_code(state: str) -> str:
    """Name what a certificate is worth."""
    return f"check-state-{state}"


def revocation_code(reason: str) -> str:
    """Name why a recognition was taken back."""
    return f"revocation-{reason}"


def transfer_state_code(state: str) -> str:
    """Name how a recognised transfer stands."""
    return f"transfer-state-{state}"


def filing_state_code(state: str) -> str:
    """Name the state of a filing."""
    return f"filing-state-{state}"


def amendment_state_code(state: str) -> str:
    """Name how an amendment stands."""
    return f"amendment-state-{state}"


def amendment_code(code: str) -> str:
    """Name what an amendment changes."""
    return f"amendment-{code}"


def filing_step_code(step: str) -> str:
    """Name what may be done with a filing."""
    return f"filing-step-{step}"


def filing_kind_code(kind: str) -> str:
    """Name a kind of filing."""
    return f"filing-kind-{_slug(kind)}"


def filing_fact_code(name: str) -> str:
    """Name a fact that a kind of filing states."""
    return f"filing-fact-{_slug(name)}"


def filing_word_code(word: str) -> str:
    """Name what such a fact says."""
    return f"filing-word-{_slug(word)}"


def filing_fact_has_words(name: str) -> bool:
    """Tell whether a fact says one of some words, and no text."""
    return any(rule.name == name and rule.words for kind in KINDS.values() for rule in kind.facts)


def filing_step_about_code(step: str) -> str:
    """Say what follows from it."""
    return f"filing-step-about-{step}"


def filing_ended_code(state: str) -> str:
    """Head what is said of a filing that was approved and takes rosters no more."""
    return f"filing-ended-{state}"


def filing_ended_about_code(state: str) -> str:
    """Say what that means."""
    return f"filing-ended-about-{state}"


def filing_act_code(kind: str) -> str:
    """Name an act on a filing."""
    return f"act-{kind.replace('.', '-')}"


def training_use_code(use: str) -> str:
    """Name what a day of practical training was used for."""
    return f"training-use-{use}"


def training_teller_code(teller: str) -> str:
    """Name in whose name it is said."""
    return f"training-teller-{teller}"


def filing_field_code(name: str) -> str:
    """Name what a filing says."""
    return f"filing-field-{'asked' if name == 'approved_centihours' else _slug(name)}"


def work_state_code(state: str) -> str:
    """Name how a long roster stands."""
    return f"work-state-{state}"


def work_phase_code(phase: str) -> str:
    """Name a step of a long roster."""
    return f"work-phase-{phase}"


def fate_code(fate: str) -> str:
    """Name what becomes of a row."""
    return f"fate-{fate}"


def objection_code(finding: str) -> str:
    """Name how an objection stands."""
    return f"objection-{finding or 'waiting'}"


def objection_tone(finding: str) -> str:
    """Return the kind of mark in which an objection stands."""
    return {"upheld": "approved", "rejected": "refused"}.get(finding, "waiting")


def query_way_code(way: str) -> str:
    """Name how a question came."""
    return f"query-way-{way}"


def event_kind_code(kind: str) -> str:
    """Name what an event tells."""
    return f"event-kind-{kind.replace('.', '-')}"


def event_changed_code(what: str) -> str:
    """Name what differs from the answer before."""
    return f"event-changed-{what}"


def delivery_state_code(state: str) -> str:
    """Name how a delivery stands."""
    return f"delivery-state-{state}"


def holder_code_state_code(state: str) -> str:
    """Name how a code stands."""
    return f"holder-code-state-{state}"


def refused_reason_code(reason: str) -> str:
    """Name why a question was refused."""
    return f"refused-reason-{reason}"


def name_check_state_code(state: str) -> str:
    """Name how a held row stands."""
    return f"name-check-state-{state}"


def name_finding_code(finding: str) -> str:
    """Name what an official found of two names."""
    return f"name-finding-{finding}"


def withdrawal_reason_code(reason: str) -> str:
    """Name why an attendance is taken back."""
    return f"withdrawal-reason-{reason}"


def investigation_reason_code(reason: str) -> str:
    """Name why hours are looked into."""
    return f"investigation-reason-{reason}"


def investigation_state_code(state: str) -> str:
    """Name how an investigation stands."""
    return f"investigation-state-{state}"


def investigated_credit_code(standing: str) -> str:
    """Name how a credit stands that was looked into."""
    return f"investigation-credit-{standing}"


def reassessment_state_code(state: str) -> str:
    """Name how a re-assessment stands."""
    return f"reassessment-state-{state}"


def reassessment_tone(state: str) -> str:
    """Return the style in which the state of a re-assessment is shown."""
    tones = {
        "rehearsing": "running", "rehearsed": "submitted", "proposed": "submitted",
        "approved": "waiting", "carrying": "running", "withdrawn": "closed",
    }  # fmt: skip
    return tones.get(state, state)


def reassessment_plan_code(plan: str) -> str:
    """Name what becomes of a credit that is converted again."""
    return f"reassessment-plan-{plan}"


def reassessment_outcome_code(outcome: str) -> str:
    """Name what became of a credit that was converted again."""
    return f"reassessment-outcome-{outcome}"


def link_reason_code(reason: str) -> str:
    """Name why two records were joined or parted."""
    return f"link-reason-{reason}"


def organisation_kind_code(kind: str) -> str:
    """Name a kind of organisation."""
    return f"organisation-kind-{_slug(kind)}"


def delegation_state_code(state: str) -> str:
    """Return the words for how a delegation stands."""
    return f"delegation-state-{state}"


def delegation_step_code(step: str) -> str:
    """Return the words for what an official does with a delegation."""
    return f"delegation-step-{step}"


def succession_code(how: str) -> str:
    """Return the words for what became of an organisation."""
    return f"succession-{how}"


def call_kind_code(kind: str) -> str:
    """Return the words for what is called for."""
    return f"call-kind-{kind.replace('_', '-')}"


def call_lane_code(lane: str) -> str:
    """Return the words for whom places are kept."""
    return f"call-lane-{lane.replace('_', '-')}"


def call_state_code(state: str) -> str:
    """Return the words for how a call or a bid stands."""
    return f"call-state-{state}"


def exemption_state_code(state: str) -> str:
    """Return the words for how an exemption stands."""
    return f"exemption-state-{_slug(state)}"


def recommendation_finding_code(finding: str) -> str:
    """Return the words for what was found of an enterprise."""
    return f"finding-of-{_slug(finding)}"


def enterprise_class_code(enterprise_class: str) -> str:
    """Name a class of enterprises."""
    return f"enterprise-class-{_slug(enterprise_class)}"


def recognition_level_code(level: str) -> str:
    """Name whose recognition a class or a base has."""
    return f"recognition-level-{level}"


def fact_attribute_code(attribute: str) -> str:
    """Name what a fact of an organisation is about."""
    return f"fact-attribute-{_slug(attribute)}"


def region(jurisdiction: str) -> str:
    """Name a jurisdiction as the reader knows it; one without a name is shown as it is."""
    code = f"rules-name-jurisdiction-{jurisdiction.replace('.', '-')}"
    return text(code, reader_language()) if code in entries() else jurisdiction


def hours(centihours: int) -> str:
    """Write centihours as hours."""
    return hours_text(centihours)


def moment(instant: datetime) -> str:
    """Write an instant as the clock on the wall shows it, to the minute."""
    return instant.astimezone(CIVIL_ZONE).strftime("%Y-%m-%d %H:%M")


def instant_moment(instant: str) -> str:
    """Write an instant that stands as text as the clock on the wall shows it."""
    return moment(instant_from_text(instant))


def client_scope_code(scope: str) -> str:
    """Name what a client may do."""
    return f"client-scope-{scope.replace(':', '-')}"


def xapi_outcome_code(outcome: str) -> str:
    """Name what became of a statement."""
    return f"xapi-outcome-{outcome}"


def client_old_ends_code(ends: str) -> str:
    """Say how long an old key still holds."""
    return f"client-old-{ends}"


def _slug(word: str) -> str:
    return word.replace("_", "-")
