"""Quality of the shipped `local` profile on labelled posts: language, translation, sentiment, intent. `make quality`.

    python benchmarks/quality.py [--umsab N]

The posts of `feedback/` and `mixed/` are our own; only those kept apart (`split` = test) are measured on. UMSAB is
measured on where its data lies beside the project, and nothing that ships was trained on it.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from labelled import INTENTS, SENTIMENTS, Labelled, feedback, thinned, umsab
from sacrebleu.metrics import BLEU, CHRF
from sklearn.metrics import f1_score

from enrichers.base import Draft
from enrichers.engines.apertium import Apertium
from enrichers.text.detector import Detector
from enrichers.text.spans import language_spans
from schemas.raw import RawPost
from streams.intake import to_draft
from streams.settings import load_settings
from streams.training.fitting import calibration_error
from streams.wiring import build_chain

HERE = Path(__file__).parent
LANGUAGES = ("en", "es", "it", "pt", "fr", "de")
BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures what the shipped profile says against labels.")
    parser.add_argument("--umsab", type=int, default=10_000, help="tweets per language, at most (default: all)")
    options = parser.parse_args()
    tweets = thinned(umsab(LANGUAGES), options.umsab)
    posts = feedback()
    own = [post for post in posts if post.split == "test"]
    _language(tweets)
    _mixed()
    _translation(posts)
    chain = build_chain(load_settings(environ={}))
    try:
        for title, posts in (("own posts kept apart", own), ("UMSAB", tweets)):
            if posts:
                _sentiment(title, posts, _enriched(chain, posts))
            else:
                print(f"\nsentiment, {title}: not here, not measured")
    finally:
        chain.close()


def _language(tweets: Sequence[Labelled]) -> None:
    if not tweets:
        print("language, UMSAB: not here, not measured")
        return
    detector = Detector()
    right: dict[str, list[bool]] = defaultdict(list)
    started = time.process_time()
    for post in tweets:
        right[post.said.language].append(detector(post.said.text).language == post.said.language)
    seconds = time.process_time() - started
    print(f"language of UMSAB's tweets, {len(tweets)} of them, {len(tweets) / seconds:,.0f} per CPU second, % right")
    print("  ".join(f"{code} {100 * np.mean(own):.1f}" for code, own in right.items()), end="  ")
    print(f"mean {100 * np.mean([np.mean(own) for own in right.values()]):.2f}")


@dataclass(frozen=True)
class Mixed:
    """A post in several languages: its text, and the language of each of its characters."""

    text: str
    languages: list[str]


def mixed(path: Path = HERE / "mixed" / "mixed.txt") -> list[Mixed]:
    """The own-written mixed posts: `es: … | en: …` on each line."""
    posts = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        text, languages = "", []
        for part in line.split(" | "):
            code, _, words = part.partition(": ")
            text += words + " "
            languages += [code] * (len(words) + 1)
        posts.append(Mixed(text.rstrip(), languages))
    return posts


def _mixed() -> None:
    detector = Detector()
    inside: list[bool] = []
    whole: list[bool] = []
    posts = mixed()
    for post in posts:
        found = ["?"] * len(post.text)
        for piece in language_spans(post.text, detector, None):
            found[piece.start : piece.end] = [piece.language] * (piece.end - piece.start)
        letters = [place for place, character in enumerate(post.text) if character.isalpha()]
        right = [found[place] == post.languages[place] for place in letters]
        whole += right
        changes = [p for p in range(1, len(post.text)) if post.languages[p] != post.languages[p - 1]]
        if any("." not in post.text[p - 3 : p] and "?" not in post.text[p - 3 : p] for p in changes):
            inside += right
    print(f"\nlanguage of {len(posts)} mixed posts: {100 * np.mean(whole):.1f} % of the letters right; of those that ")
    print(f"change inside a sentence {100 * np.mean(inside):.1f} %")


def _translation(own: Sequence[Labelled]) -> None:
    """Of all own posts with an English written by hand: nothing is trained on them here, but the glossary's tables
    were written by people who knew some of them."""
    engine = Apertium()
    chrf, bleu = CHRF(), BLEU(effective_order=True)
    print("\ntranslation into English of own posts, by Apertium")
    print(f"{'language':10}{'posts':>7}{'chrF':>7}{'BLEU':>7}{'% known':>9}{'posts per second':>18}")
    try:
        for code in LANGUAGES[1:]:
            pairs = [(p.said.text, p.said.english) for p in own if p.said.language == code and p.said.english]
            if code not in engine.languages() or not pairs:
                print(f"{code:10}{len(pairs):7}   no engine here translates it")
                continue
            texts, wanted = [text for text, _ in pairs], [english or "" for _, english in pairs]
            engine.translate(texts[:2], code)  # its processes start with the first text
            started = time.perf_counter()
            answers = engine.translate(texts, code)
            seconds = time.perf_counter() - started
            said = [answer.text for answer in answers]
            print(
                f"{code:10}{len(pairs):7}{chrf.corpus_score(said, [wanted]).score:7.1f}"
                f"{bleu.corpus_score(said, [wanted]).score:7.1f}"
                f"{100 * np.mean([answer.confidence for answer in answers]):9.1f}{len(pairs) / seconds:18.0f}"
            )
    finally:
        engine.close()


def _enriched(chain: object, posts: Sequence[Labelled]) -> list[Draft]:
    drafts = [
        to_draft(
            RawPost(id=str(i), source="quality", channel=p.channel, text=p.said.text, language=None), received_ms=0
        )
        for i, p in enumerate(posts)
    ]
    done: list[Draft] = []
    for start in range(0, len(drafts), BATCH):
        done += chain(drafts[start : start + BATCH])  # type: ignore[operator]
    return done


def _sentiment(title: str, posts: Sequence[Labelled], drafts: Sequence[Draft]) -> None:
    """What cannot be scored counts as an error of its own, never as neutral."""
    y = np.array([SENTIMENTS.index(post.sentiment) for post in posts])
    moods = [draft.post.sentiment for draft in drafts]
    found = np.array([SENTIMENTS.index(mood.label) if mood.label else -1 for mood in moods])
    sure = np.array([mood.confidence or 0.0 for mood in moods])
    languages = np.array([post.said.language for post in posts])
    scores = {
        code: 100 * f1_score(y[languages == code], found[languages == code], labels=[0, 1, 2], average="macro")
        for code in LANGUAGES
        if (languages == code).any()
    }
    scored = found >= 0
    print(f"\nsentiment by the whole chain, {title}: {len(y)} posts, macro-F1")
    print("  ".join(f"{code} {score:.1f}" for code, score in scores.items()), end="  ")
    five = [score for code, score in scores.items() if code != "de"]
    print(
        f"mean without de {np.mean(five):.1f}  all {100 * f1_score(y, found, labels=[0, 1, 2], average='macro'):.1f}  "
        f"unscored {100 * np.mean(~scored):.1f} %  "
        f"calibration error {100 * calibration_error(sure[scored], found[scored] == y[scored]):.1f}"
    )
    if any(post.intents for post in posts):
        _intents(posts, drafts)


def _intents(posts: Sequence[Labelled], drafts: Sequence[Draft]) -> None:
    print("\nintent by the whole chain, own posts kept apart, F1")
    wanted = np.array([[name in post.intents for name in INTENTS] for post in posts])
    found = np.array([[name in {i.label for i in draft.post.intents} for name in INTENTS] for draft in drafts])
    each = [100 * f1_score(wanted[:, k], found[:, k], zero_division=0) for k in range(len(INTENTS))]
    print("  ".join(f"{n} {s:.1f}" for n, s in zip(INTENTS, each, strict=True)), f" mean {np.mean(each):.1f}")


if __name__ == "__main__":
    main()
