"""Pages explain the words that they use, and no others."""

from experiments.report.glossary import WORD_MEANINGS, glossary_html, used_words
from experiments.report.page import Section, write_page


def test_a_page_explains_the_words_that_it_uses(tmp_path):
    section = Section("Result", ("With a lag, DLL is <b> as good as Algorithm 1.",))
    text = write_page(tmp_path, "A page", "It learns.", [section]).read_text(encoding="utf-8")
    assert "<dt>DLL</dt>" in text
    assert "Lv et al., ICML 2025" in text
    assert "<dt>lag</dt>" in text
    assert "<dt>Theta</dt>" not in text


def test_words_are_whole_words_of_the_text():
    assert used_words('<p class="lag">flags, lagging</p>') == {}
    assert glossary_html("<p>nothing</p>") == ""
    assert set(used_words("<p>Theta, then remedies</p>")) == {"Theta", "remedies"}
    assert all(meaning.endswith((".", ").")) for meaning in WORD_MEANINGS.values())
