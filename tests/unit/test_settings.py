from __future__ import annotations

from pathlib import Path

import pytest

from services.errors import ConfigurationError
from services.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    names = [
        f"AUTO_{name.upper()}" if not name.startswith("anthropic") else name.upper() for name in Settings.model_fields
    ]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_only_the_settings_module_reads_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("services", "api", "components", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if "os.environ[" in (text := path.read_text(encoding="utf-8")) or "getenv(" in text or "environ.get(" in text
    ]
    assert readers == []


def test_listening_beyond_this_machine_without_a_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="AUTO_API_KEY"):
        Settings(api_host="0.0.0.0").refuse_open_network(keys_exist=False)
    Settings(api_host="0.0.0.0", api_key="k" * 32).refuse_open_network(keys_exist=False)
    Settings(api_host="::1").refuse_open_network(keys_exist=False)


def test_collection_weights_are_read_from_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTO_COLLECTION_WEIGHTS", "autoimmune_literature=0.5, genomic_evidence=2")
    assert Settings().collection_weights == {"autoimmune_literature": 0.5, "genomic_evidence": 2.0}


@pytest.mark.parametrize("text", ["autoimmune_literature", "a=b", "a=-1", "a=1000"])
def test_a_weight_that_cannot_be_read_names_the_setting(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AUTO_COLLECTION_WEIGHTS", text)
    load_settings.cache_clear()
    with pytest.raises(ConfigurationError, match="AUTO_COLLECTION_WEIGHTS"):
        load_settings()
    load_settings.cache_clear()


def test_an_empty_variable_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTO_API_KEY", "")
    assert Settings().api_key is None


def test_a_secret_does_not_show_when_printed() -> None:
    assert "hush" not in repr(Settings(api_key="hush", database_url="postgresql://u:hush@localhost/db"))


def test_an_error_in_the_settings_never_repeats_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTO_API_KEY", "topsecret")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-hush")
    monkeypatch.setenv("AUTO_SCORE_MEDIUM", "0.9")
    monkeypatch.setenv("AUTO_API_PORT", "99999999")
    load_settings.cache_clear()
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    load_settings.cache_clear()
    assert "AUTO_API_PORT" in caught.value.message
    assert "topsecret" not in caught.value.message
    assert "hush" not in caught.value.message
