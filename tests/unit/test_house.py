"""The rules of the house that a linter does not know."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("services", "api", "components", "pages", "demo_data", "validation", "benchmarks")
DASHBOARD = ("components", "pages")
ENTRY = ("app.py", "dashboard.py")
PAGES = sorted((ROOT / "pages").rglob("*.py"))


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def everything() -> list[Path]:
    return [*modules(*PRODUCT), *(ROOT / name for name in ENTRY)]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def places(found: Iterator[tuple[Path, int]]) -> list[str]:
    return [f"{name(path)}:{line}" for path, line in found]


# Pages


def test_no_script_lies_directly_in_pages() -> None:
    """Streamlit serves `pages/*.py` to the first deep link before `st.navigation` runs, past any guard."""
    assert [name(path) for path in (ROOT / "pages").glob("*.py")] == []
    assert PAGES


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_begins_with_the_guard(page: Path) -> None:
    body = [
        node for node in tree(page).body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    first = body[0]
    assert isinstance(first, ast.Assign), "the first statement after the imports must be access = require_access(...)"
    assert ast.unparse(first).startswith("access = require_access(Need.")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_page_is_in_the_navigation_and_short(page: Path) -> None:
    assert f'"{name(page)}"' in (ROOT / "dashboard.py").read_text(encoding="utf-8")
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 100


def test_every_page_of_the_navigation_exists() -> None:
    listed = re.findall(r'st\.Page\("([^"]+)"', (ROOT / "dashboard.py").read_text(encoding="utf-8"))
    assert sorted(listed) == [name(path) for path in PAGES]


# What must not be written anywhere


def test_nothing_is_shown_as_raw_html() -> None:
    def found() -> Iterator[tuple[Path, int]]:
        for path in everything():
            for call in calls(path):
                called = ast.unparse(call.func)
                is_html = called.startswith(("st.", "components.v1.")) and called.endswith(".html")
                if is_html or any(keyword.arg in ("unsafe_allow_html", "unsafe_allow_javascript") for keyword in call.keywords):
                    yield path, call.lineno

    assert places(found()) == []


def test_streamlit_is_known_to_the_dashboard_only() -> None:
    allowed = {*modules(*DASHBOARD), *(ROOT / one for one in ENTRY)}
    wrong = [
        name(path) for path in everything()
        if path not in allowed and any(module.split(".")[0] == "streamlit" for module in imported(path))
    ]
    assert wrong == []


def test_the_dashboard_knows_no_store_no_database_and_no_model() -> None:
    vendors = {"pymilvus", "sqlalchemy", "anthropic", "sentence_transformers", "torch", "duckdb"}
    wrong = [name(path) for path in modules(*DASHBOARD) if vendors & {module.split(".")[0] for module in imported(path)}]
    assert wrong == []


def test_filters_of_the_store_are_written_in_one_module_only() -> None:
    """A filter expression is text: one that is put together anywhere else is an open door."""

    def found() -> Iterator[tuple[Path, int]]:
        for path in everything():
            if name(path) == "services/evidence/filters.py":
                continue
            for call in calls(path):
                for keyword in call.keywords:
                    if keyword.arg in ("filter", "expr", "filter_params") and _put_together(keyword.value):
                        yield path, call.lineno
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.JoinedStr) and _COMPARISON.search(ast.unparse(node)):
                    yield path, node.lineno

    assert places(found()) == []


_COMPARISON = re.compile(r"\b(patient_id|document_id)\s*(==|!=|in)\s")


def _put_together(value: ast.expr) -> bool:
    return any(isinstance(node, ast.JoinedStr | ast.BinOp) or _is_format(node) for node in ast.walk(value))


def _is_format(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join", "replace")


def test_no_sql_is_put_together_from_text() -> None:
    def found() -> Iterator[tuple[Path, int]]:
        for path in everything():
            for call in calls(path):
                called = ast.unparse(call.func)
                if called in ("sa.text", "sqlalchemy.text") or called.endswith(".exec_driver_sql"):
                    yield from ((path, call.lineno) for argument in call.args[:1] if _put_together(argument))

    assert places(found()) == []


def test_one_module_reads_the_environment() -> None:
    allowed = {"services/settings.py", "services/evidence/embedder.py"}  # the second only sets a library's default
    wrong = {
        name(path) for path in modules("services", "api", *DASHBOARD)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os"
    }
    assert wrong - allowed == set()


def test_nothing_is_pickled_or_evaluated() -> None:
    banned = {"pickle", "marshal", "shelve", "dill", "joblib"}
    assert [name(path) for path in everything() if banned & {module.split(".")[0] for module in imported(path)}] == []

    def found() -> Iterator[tuple[Path, int]]:
        for path in everything():
            for call in calls(path):
                called = ast.unparse(call.func)
                if called in ("eval", "exec", "os.system") or (called in _LOADERS and not _harmless(call)):
                    yield path, call.lineno

    assert places(found()) == []


_LOADERS = ("np.load", "numpy.load")  # for YAML there is a lint rule


def _harmless(call: ast.Call) -> bool:
    """Arrays without objects."""
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    return given.get("allow_pickle", "False") == "False"


def test_cached_functions_take_what_they_depend_on_as_arguments() -> None:
    """A cached function that reads session state shows one user what another one asked for."""

    def found() -> Iterator[tuple[Path, int]]:
        for path in modules(*DASHBOARD):
            for node in ast.walk(tree(path)):
                cached = isinstance(node, ast.FunctionDef) and any("cache_" in ast.unparse(one) for one in node.decorator_list)
                if cached and re.search(r"session_state|query_params|\bstate\.", ast.unparse(node)):
                    yield path, node.lineno

    assert places(found()) == []


# The repository


def test_licence_and_changelog_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "1.0.0" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_requirement_is_pinned_and_torch_stands_first() -> None:
    lines = [
        line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ]
    wanted = [line for line in lines if line]
    assert [line for line in wanted if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[A-Za-z0-9.+!]+", line)] == []
    assert wanted[0].startswith("torch==")


def tracked() -> list[Path]:
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for path in (ROOT / one for one in done.stdout.decode().split("\0") if one) if path.is_file()]


_TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".cfg", ".ini", ".json", ".sh", ""}
_MACHINE_PATH = re.compile(r"(?<![\w.$~])/(?:home|Users|work|root|mnt|srv|opt)/[\w.-]+|/tmp/[\w.-]+")


def test_no_tracked_file_names_a_place_on_somebodys_machine() -> None:
    wrong = []
    for path in tracked():
        if path.suffix in _TEXT and path != Path(__file__).resolve() and path.stat().st_size < 2_000_000:
            text = path.read_text(encoding="utf-8", errors="replace")
            wrong += [f"{name(path)}: {match[0]}" for match in _MACHINE_PATH.finditer(text)]
    assert wrong == []


def test_no_key_and_no_unfinished_mark_is_tracked() -> None:
    wrong = []
    for path in tracked():
        if path.suffix in _TEXT and path != Path(__file__).resolve():
            text = path.read_text(encoding="utf-8", errors="replace")
            if re.search(r"sk-ant-[A-Za-z0-9]|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY", text):
                wrong.append(f"{name(path)}: a key")
            if path.suffix == ".py" and re.search(r"#\s*(TODO|FIXME|XXX|HACK)\b", text):
                wrong.append(f"{name(path)}: an unfinished mark")
    assert wrong == []
