"""Small packs of an invented county, in versions, for tests of how law gets into force."""

HEAD = """
id = "{id}"
version = {version}
title_zh = "测试规则"
title_en = "A pack for tests"
jurisdiction = "{id}"
inherits = "{inherits}"
zone = "Asia/Shanghai"
status = "{status}"
verified_on = 2026-11-21
"""
RULE = """
[[rule]]
key = "{key}"
from = {from_}
value = {value}
basis = "assumption"
reason = "仅用于测试。"
reason_en = "For tests only."
"""
WINDOW = '{{ mode = "window_total", years = 1, minima = {{ total = "{0}" }} }}'
REQUIREMENT = "requirement.engineering.intermediate"
COUNTY = "cn-3711"


def law(
    *rules: str,
    version: int = 1,
    id: str = COUNTY,
    status: str = "in_force",
    inherits: str = "cn-37",
) -> bytes:
    """Write a version of a pack."""
    head = HEAD.format(id=id, version=version, status=status, inherits=inherits)
    return (head + "".join(rules)).encode()


def rule(key: str, value: str, from_: str = "2020-01-01", **more: str) -> str:
    """Write a rule of which nothing but the value matters."""
    text = RULE.format(key=key, value=value, from_=from_)
    return text + "".join(f"{name} = {said}\n" for name, said in more.items())


def hours(least: str, from_: str = "2020-01-01", **more: str) -> str:
    """Write what an intermediate engineer's last year is asked for."""
    return rule(REQUIREMENT, WINDOW.format(least), from_, **more)
