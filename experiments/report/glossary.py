"""Words that pages use and explain: each once, on the page that uses it."""

import html
import re

WORD_MEANINGS = {
    "Algorithm 1": "The discrete learning step of Dendritic Localized Learning: activities at rest "
    "for one sample, then one change of every weight.",
    "DLL": "Dendritic Localized Learning: pyramidal neurons learn from the difference between soma "
    "and basal dendrite (Lv et al., ICML 2025).",
    "xi": "The error x - u, the difference between soma and basal dendrite.",
    "tau": "The time constant of a compartment: how long it takes to come 63 % of the way.",
    "Theta": "Feedback weights, from the layer above down to apical dendrites.",
    "remedy": "A change of the neuron or of its plasticity that keeps transients after switches "
    "of stimuli out of learning.",
    "remedies": "Changes of the neuron or of its plasticity that keep transients after switches "
    "of stimuli out of learning.",
    "lag": "The time after each switch of stimuli for which plasticity is off.",
    "presentation": "The time for which one sample is shown.",
    "eligibility": "A trace in the synapse in which the presynaptic factor waits for the error "
    "that belongs to it.",
    "equilibrium": "Where all activities stand still while stimulus and target stay.",
}
"""By the word as pages write it."""

_TAGS = re.compile(r"<[^>]*>")


def used_words(page: str) -> dict[str, str]:
    """The words of the glossary that stand in a page's HTML, with what they mean."""
    text = html.unescape(_TAGS.sub(" ", page))
    return {
        word: meaning
        for word, meaning in WORD_MEANINGS.items()
        if re.search(rf"\b{re.escape(word)}\b", text)
    }


def glossary_html(page: str) -> str:
    """A list of the words that a page uses; nothing where it uses none."""
    words = used_words(page)
    if not words:
        return ""
    rows = "\n".join(
        f"<dt>{html.escape(word)}</dt><dd>{html.escape(meaning)}</dd>"
        for word, meaning in words.items()
    )
    return f'<section class="words">\n<h2>Words</h2>\n<dl>\n{rows}\n</dl>\n</section>'
