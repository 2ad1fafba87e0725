"""The chance that what is said of a whole article answers, and the fit of its weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.broad.article_fit import (
    ArticleReply,
    chances_left_out,
    fit,
    read_replies,
)
from eval.statistics.agreement import auroc
from rag.answering.article_chance import load_article_weights
from rag.errors import ModelFileError


def test_each_probability_raises_the_chance() -> None:
    chance = load_article_weights().chance
    assert chance(0.5, 0.5, 0.5) < min(chance(0.9, 0.5, 0.5), chance(0.5, 0.9, 0.5))
    assert chance(0.5, 0.5, 0.5) < chance(0.5, 0.5, 0.9) < chance(0.9, 0.9, 0.9) < 1
    assert 0 < chance(0.0, 0.0, 0.0) < chance(0.0, 1.0, 0.0)  # a server may say yes or no only


def test_the_weights_are_those_of_the_replies_that_are_kept() -> None:
    replies = read_replies()
    assert fit(replies) == load_article_weights()
    assert {each.right for each in replies if not each.answerable} == {False}


def test_chances_of_a_set_that_was_left_out_tell_right_replies() -> None:
    """By chance 0.5; of single sets 0.61 to 0.88."""
    replies = read_replies()
    assert (auroc(chances_left_out(replies), [each.right for each in replies]) or 0) > 0.75


def test_every_set_counts_the_same() -> None:
    def reply(set: str, p_confirmed: float, *, right: bool) -> ArticleReply:
        return ArticleReply(set, "x", True, right, 0.5, p_confirmed, 0.5)

    small = [reply("small", 0.9, right=True), reply("small", 0.1, right=False)]
    large = [reply("large", 0.9, right=False), reply("large", 0.1, right=True)]
    assert fit([*small, *large * 9]).p_confirmed == pytest.approx(0, abs=0.01)
    assert fit([*small, *small, *large]).p_confirmed == pytest.approx(0, abs=0.01)
    assert fit(small).p_confirmed > 0.1


def test_damaged_weights_name_the_command_that_fits_them(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text("{}")
    with pytest.raises(ModelFileError) as found:
        load_article_weights(tmp_path / "w.json")
    assert "python -m eval.broad.article_fit" in str(found.value.remedy)
