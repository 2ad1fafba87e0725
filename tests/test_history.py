"""Conversations on disk: kept, found, each owner's own, and whole whatever happens."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import open_database
from tests.conftest import load_settings
from tests.test_serialization import ANSWER, DECLINED
from ui.questions.exchange import Exchange
from ui.questions.exchange_json import BROKE_OFF, exchange_to_json
from ui.records import history_schema
from ui.records.history import (
    KEPT_S,
    MAX_NOTE_CHARS,
    MAX_TITLE_CHARS,
    TITLE_CHARS,
    History,
    HistoryError,
    NoSuchConversation,
    NoSuchExchange,
    Steps,
)
from ui.records.history_purge import RepeatedPurge
from ui.records.search_words import search_words

ME, OTHER = "ann", "bob"


def asked(number: int, question: str = "What rate?") -> Exchange:
    return Exchange(
        id=f"{number:016x}",
        question=question,
        state="done",
        evidence=ANSWER.passages,
        claims=ANSWER.claims,
        answer=replace(ANSWER, question=question),
        digests={"a.txt": "00ff"},
        asked_at="2026-05-02T10:00:00Z",
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.sqlite3"


Again = Callable[..., History]


@pytest.fixture(params=["sqlite", "postgres"])
def again(request: pytest.FixtureRequest, path: Path) -> Iterator[Again]:
    """Opens one history, again and again, as other processes do; with a clock if given."""
    url = request.getfixturevalue("database_url") if request.param == "postgres" else None
    found = load_settings(data_dir=path.parent, database_url=url)
    opened: list[History] = []

    def another(clock: Callable[[], float] = time.time) -> History:
        database = open_database(found, path.name, history_schema.FORMAT)
        opened.append(History(database, clock))
        return opened[-1]

    yield another
    for each in opened:
        each.close()


@pytest.fixture
def history(again: Again) -> History:
    return again()


@pytest.fixture
def file(path: Path) -> Iterator[History]:
    with History.open(path) as opened:
        yield opened


def titles(history: History, matching: str = "", owner: str = ME) -> list[str]:
    return [found.title for found in history.conversations(owner, matching)]


# --- keeping ---------------------------------------------------------------------------------


def test_a_conversation_survives_a_restart_as_it_was(again: Again) -> None:
    said = [asked(1), replace(asked(2), answer=DECLINED, claims=())]
    with again() as history:
        talk = history.put(ME, None, said[0], {"steps": [1, "two"]})
        assert history.put(ME, talk, said[1]) == talk
        before = history.conversations(ME)
    with again() as history:
        assert history.exchanges(ME, talk) == said
        assert history.conversations(ME) == before
        assert history.trace(ME, said[0].id) == {"steps": [1, "two"]}
        assert history.trace(ME, said[1].id) is None
    assert (before[0].id, before[0].exchanges) == (talk, 2)
    assert before[0].created_at <= before[0].updated_at


def test_an_exchange_is_replaced_where_it_stands(history: History) -> None:
    writing = replace(asked(1), state="writing", answer=None)
    talk = history.put(ME, None, writing, {"draft": 1})
    history.put(ME, talk, asked(2))
    broken = history.exchanges(ME, talk)[0]  # nobody is writing it any more
    assert (broken.state, broken.error, broken.claims) == ("failed", BROKE_OFF, ANSWER.claims)
    history.put(ME, talk, asked(1))
    assert history.exchanges(ME, talk) == [asked(1), asked(2)]
    assert history.trace(ME, asked(1).id) == {"draft": 1}
    history.put(ME, None, asked(1), {"final": 1})  # by its id it belongs there
    assert history.exchanges(ME, talk) == [asked(1), asked(2)]
    assert history.trace(ME, asked(1).id) == {"final": 1}
    assert len(history.conversations(ME)) == 1


def test_the_latest_conversation_comes_first(history: History) -> None:
    first = history.put(ME, None, asked(1, "First?"))
    history.put(ME, None, asked(2, "Second?"))
    assert titles(history) == ["Second?", "First?"]
    history.put(ME, first, asked(3, "More?"))
    assert titles(history) == ["First?", "Second?"]


def test_ids_of_conversations_cannot_be_guessed(history: History) -> None:
    ids = {history.put(ME, None, asked(n)) for n in range(20)}
    assert len(ids) == 20
    assert all(len(id) == 32 and set(id) <= set("0123456789abcdef") for id in ids)


def test_only_the_user_may_read_a_new_file(file: History, path: Path) -> None:
    file.put(ME, None, asked(1))
    modes = {file.name: file.stat().st_mode & 0o077 for file in path.parent.iterdir()}
    assert path.name in modes
    assert set(modes.values()) == {0}


# --- titles ----------------------------------------------------------------------------------


def test_a_title_is_the_first_question_cut_between_words(history: History) -> None:
    history.put(ME, None, asked(1, "word " * 40))
    (title,) = titles(history)
    assert len(title) <= TITLE_CHARS
    assert title.endswith("word…")


@pytest.mark.parametrize("question", ["", "\x1b[31m\x07", "\u202e\u2066 \n"])
def test_a_question_without_a_character_to_show_still_has_a_title(
    question: str, history: History
) -> None:
    history.put(ME, None, asked(1, question))
    assert titles(history) == ["Untitled"]


def test_a_conversation_is_renamed_and_keeps_that_name(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    history.rename(ME, talk, "  My \u202e\x00 own\nname ")
    history.put(ME, talk, asked(2, "Another?"))
    assert titles(history) == titles(history, "own name") == ["My own name"]
    history.rename(ME, talk, "long " * 100)
    assert len(titles(history)[0]) <= MAX_TITLE_CHARS
    history.rename(ME, talk, " \u202e ")
    assert titles(history) == ["What rate?"]


def test_an_edited_first_question_gives_the_title_anew(history: History) -> None:
    talk = history.put(ME, None, asked(1, "Waht rate?"))
    history.put(ME, talk, asked(2, "Which rate?"), replacing=asked(1).id)
    assert titles(history) == ["Which rate?"]
    history.undo(ME, talk)
    assert titles(history) == ["Waht rate?"]


# --- searching -------------------------------------------------------------------------------


@pytest.fixture
def searchable(history: History) -> History:
    texts = {
        "Straße": "The STRASSE in Zürich is 100% closed. [1]",
        "Tariffs on fentanyl?": "China's duties are 20%.",
        "关税": "美国对中国的关税",
        "under_scored": "It's 50",
    }
    for number, (question, text) in enumerate(texts.items()):
        said = asked(number, question)
        history.put(ME, None, replace(said, answer=replace(ANSWER, text=text)))
    history.put(ME, None, replace(asked(9, "Late"), state="stopped", answer=None))
    return history


@pytest.mark.parametrize(
    ("matching", "found"),
    [
        ("tariff", ["Tariffs on fentanyl?"]),
        ("FENT 20", ["Tariffs on fentanyl?"]),
        ("entanyl", []),  # words are found from their start
        ("fentanyl zürich", []),  # all words, in one conversation
        ("strasse", ["Straße"]),
        ("STRAẞE zurich", ["Straße"]),
        ("%", []),
        ("100%", ["Straße"]),
        ("_", []),
        ("scored", ["under_scored"]),
        ("中国", ["关税"]),
        ('" OR 1', []),
        ("'; DROP TABLE exchanges; --", []),
        ("*", []),
        ("\ud800 \x00", []),
        ("Late", ["Late"]),
        ("word " * 10_000, []),
    ],
)
def test_a_search_finds_words_and_their_beginnings(
    matching: str, found: list[str], searchable: History
) -> None:
    assert titles(searchable, matching) == found


def test_a_search_spans_the_whole_conversation(history: History) -> None:
    talk = history.put(ME, None, asked(1, "First cat?"))
    history.put(ME, talk, asked(2, "Then dog?"))
    history.rename(ME, talk, "Animals")
    assert titles(history, "animals cat dog") == ["Animals"]
    assert titles(history, "animals cat cow") == []


def test_a_blank_search_finds_everything(searchable: History) -> None:
    assert len(titles(searchable, " \n ")) == len(titles(searchable)) == 5


def test_any_text_is_a_search(again: Again) -> None:
    with again() as history:
        history.put(ME, None, asked(1))

        @given(st.text(st.characters(), max_size=20))
        def searches(matching: str) -> None:
            assert len(history.conversations(ME, matching)) <= 1

        numbers = count(2)

        @given(st.text(st.characters(), min_size=1))
        def finds_itself(question: str) -> None:
            talk = history.put(ME, None, asked(next(numbers), question))
            found = {conversation.id for conversation in history.conversations(ME, question)}
            assert talk in found or not search_words(question)
            history.delete(ME, talk)

        searches()
        finds_itself()


# --- owners ----------------------------------------------------------------------------------


def test_nobody_reads_changes_or_deletes_what_is_anothers(history: History) -> None:
    talk = history.put(ME, None, asked(1), {"secret": 1})
    assert history.conversations(OTHER) == history.conversations(OTHER, "rate") == []
    with pytest.raises(NoSuchConversation):
        history.exchanges(OTHER, talk)
    with pytest.raises(NoSuchExchange):
        history.find(OTHER, asked(1).id)
    with pytest.raises(NoSuchExchange):
        history.set_thumb(OTHER, asked(1).id, "up")
    with pytest.raises(NoSuchConversation):
        history.rename(OTHER, talk, "Mine")
    assert history.trace(OTHER, asked(1).id) is None
    assert history.versions(OTHER, talk) == (0, -1)
    assert history.steps(OTHER, talk) == Steps()
    history.delete_exchange(OTHER, talk, asked(1).id)
    history.drop(OTHER, asked(1).id)
    history.delete(OTHER, talk)
    for change in (history.undo, history.redo, history.restore):
        with pytest.raises(NoSuchConversation):
            change(OTHER, talk)
    assert history.exchanges(ME, talk) == [asked(1)]
    assert titles(history) == ["What rate?"]


def test_writing_into_anothers_conversation_begins_ones_own(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    theirs = history.put(OTHER, talk, asked(2, "Bob's?"))
    same_id = history.put(OTHER, talk, asked(1, "Bob's, too?"))
    assert len({talk, theirs, same_id}) == 3
    assert history.exchanges(ME, talk) == [asked(1)]
    assert history.exchanges(OTHER, theirs) == [asked(2, "Bob's?")]
    assert history.find(OTHER, asked(1).id).question == "Bob's, too?"


# --- undoing ---------------------------------------------------------------------------------


def test_undo_goes_back_step_by_step_and_redo_forward(history: History) -> None:
    """A question, another, an edit of the first, a deletion: each comes back as it was."""
    talk = history.put(ME, None, asked(1))
    history.put(ME, talk, asked(2))
    history.put(ME, talk, asked(3), replacing=asked(1).id)
    history.put(ME, talk, asked(4))
    history.delete_exchange(ME, talk, asked(3).id)
    states: list[list[int]] = [[4], [3, 4], [3], [1, 2], [1], []]
    kinds = ["deleted", "asked", "replaced", "asked", "asked", None]
    away = [[], [asked(4)], [asked(3)], [asked(2)], [asked(1)]]

    def now() -> list[int]:
        return [int(each.id, 16) for each in history.exchanges(ME, talk)]

    for n, state in enumerate(states):
        assert now() == state
        assert history.steps(ME, talk) == Steps(kinds[n], kinds[n - 1] if n else None)  # type: ignore[arg-type]
        assert history.undo(ME, talk) == (away[n] if n < len(away) else [])
    for n, state in reversed(list(enumerate(states[:-1]))):
        assert history.redo(ME, talk) == away[n]
        assert now() == state
    assert history.redo(ME, talk) == []
    assert now() == states[0]


def test_a_new_question_ends_what_can_be_redone(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    history.put(ME, talk, asked(2))
    history.undo(ME, talk)
    history.put(ME, talk, asked(3))
    assert history.steps(ME, talk).redo is None
    assert history.exchanges(ME, talk) == [asked(1), asked(3)]
    history.undo(ME, talk)
    assert history.exchanges(ME, talk) == [asked(1)]


def test_what_is_hidden_is_not_found(history: History) -> None:
    talk = history.put(ME, None, asked(1, "First cat?"), {"steps": []})
    history.put(ME, talk, replace(asked(2, "Then dog?"), thumb="up"))
    history.delete_exchange(ME, talk, asked(2).id)
    assert titles(history, "dog") == []
    assert history.with_thumbs(ME) == []
    assert history.conversations(ME)[0].exchanges == 1
    with pytest.raises(NoSuchExchange):
        history.find(ME, asked(2).id)
    with pytest.raises(NoSuchExchange):
        history.set_thumb(ME, asked(2).id, None)
    history.undo(ME, talk)
    assert history.find(ME, asked(2).id).thumb == "up"
    history.delete(ME, talk)
    assert history.conversations(ME) == []
    assert history.with_thumbs(ME) == []
    assert history.trace(ME, asked(1).id) is None
    history.restore(ME, talk)
    assert len(history.exchanges(ME, talk)) == 2


def test_a_conversation_without_a_question_is_listed_only_while_it_is_open(
    history: History,
) -> None:
    talk = history.put(ME, None, asked(1))
    history.undo(ME, talk)
    assert history.conversations(ME) == []
    assert [each.id for each in history.conversations(ME, current=talk)] == [talk]
    history.redo(ME, talk)
    assert titles(history) == ["What rate?"]


def test_what_is_hidden_is_purged_after_a_while(again: Again, path: Path) -> None:
    now = [1_000_000.0]
    with again(lambda: now[0]) as history:
        talk = history.put(ME, None, asked(1, "Xylophone secret?"))
        history.put(ME, talk, asked(2))
        gone = history.put(ME, None, asked(3, "Xylophone, too?"))
        history.delete(ME, gone)
        history.delete_exchange(ME, talk, asked(1).id)
        now[0] += KEPT_S - 1
        assert history.purge()
        history.restore(ME, gone)
        history.delete(ME, gone)
        now[0] += 2
        assert history.purge()
        assert history.undo(ME, talk) == [asked(2)]  # the deletion can be undone no more
        now[0] += KEPT_S
        assert not history.purge()
        with pytest.raises(NoSuchConversation):
            history.restore(ME, gone)
        assert history.redo(ME, talk) == []
    assert not path.exists() or b"Xylophone" not in path.read_bytes()


def test_what_was_hidden_before_a_restart_is_purged_at_the_next(path: Path) -> None:
    with History.open(path, lambda: 0.0) as history:
        history.delete(ME, history.put(ME, None, asked(1, "Xylophone secret?")))
    History.open(path, lambda: KEPT_S + 1.0).close()
    assert b"Xylophone" not in path.read_bytes()


def test_a_purge_is_repeated_for_as_long_as_it_is_needed() -> None:
    times = iter([True, HistoryError("Busy.", "Wait."), False])
    done, calls = threading.Event(), []

    def purge() -> bool:
        calls.append(next(times))
        if isinstance(calls[-1], HistoryError):
            raise calls[-1]
        if not calls[-1]:
            done.set()
        return bool(calls[-1])

    purging = RepeatedPurge(purge, 0.01)
    purging.start_if(False)
    purging.start_if(True)
    assert done.wait(10)
    purging.close()
    purging.start_if(True)
    assert len(calls) == 3


def test_an_exchange_that_came_to_nothing_is_dropped(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    history.put(ME, talk, asked(2))
    history.drop(ME, asked(2).id)
    history.drop(ME, asked(2).id)
    assert history.exchanges(ME, talk) == [asked(1)]
    assert history.undo(ME, talk) == [asked(1)]


def test_other_windows_see_by_a_number_that_something_changed(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    seen = [history.versions(ME, talk)]

    def changed() -> tuple[bool, bool]:
        """The list, and the conversation."""
        now = history.versions(ME, talk)
        seen.append(now)
        return now[0] > seen[-2][0], now[1] > seen[-2][1]

    assert changed() == (False, False)
    other = history.put(ME, None, asked(2))
    assert changed() == (True, False)
    history.put(OTHER, None, asked(3))
    history.delete(ME, "no such")
    assert changed() == (False, False)
    writing = replace(asked(4), state="writing", answer=None)
    history.put(ME, talk, writing)
    assert changed() == (True, True)
    history.put(ME, talk, replace(writing, removed=1))
    assert changed() == (False, False)
    history.put(ME, talk, asked(4))
    assert changed() == (True, True)
    history.set_thumb(ME, asked(1).id, "up")
    assert changed() == (False, True)
    for change in (history.undo, history.redo):
        change(ME, talk)
        assert changed() == (True, True)
    history.rename(ME, other, "Duties")
    assert changed() == (True, False)
    history.delete(ME, talk)
    assert history.versions(ME, talk)[1] == -1
    assert history.versions(ME)[1] == 0
    history.restore(ME, talk)
    assert changed() == (True, True)


def test_a_file_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(history_schema.SCHEMA.partition("ALTER TABLE")[0])
        connection.execute("PRAGMA user_version = 1")
        connection.execute(
            "INSERT INTO conversations VALUES ('t', 'ann', 'Old', 0, '', '2026', '2026', 1)"
        )
        for number in (1, 2):
            id, document = asked(number).id, json.dumps(exchange_to_json(asked(number)))
            values = (number, id)
            connection.execute(
                "INSERT INTO exchanges VALUES (?, 'ann', ?, 't', NULL, '', '')", values
            )
            connection.execute("INSERT INTO records VALUES (?, ?, NULL)", (number, document))
        connection.commit()
    with History.open(path) as history:
        assert history.exchanges(ME, "t") == [asked(1), asked(2)]
        assert history.undo(ME, "t") == [asked(2)]
        assert history.undo(ME, "t") == [asked(1)]
        assert [history.redo(ME, "t") for _ in range(2)] == [[asked(1)], [asked(2)]]
        assert history.exchanges(ME, "t") == [asked(1), asked(2)]


# --- replacing and deleting ------------------------------------------------------------------


def test_a_retry_takes_the_place_of_what_it_replaces_or_leaves_it(file: History) -> None:
    talk = file.put(ME, None, asked(1))
    for number in (2, 3):
        file.put(ME, talk, asked(number))
    ((pages,),) = file._database.rows("PRAGMA page_count")
    file._database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryError, match="disk is full"):
        file.put(ME, talk, replace(asked(4), draft="x" * 200_000), replacing=asked(2).id)
    assert file.exchanges(ME, talk) == [asked(1), asked(2), asked(3)]
    file._database.rows("PRAGMA max_page_count = 1000000")
    assert file.put(ME, talk, asked(4), replacing=asked(2).id) == talk
    assert file.exchanges(ME, talk) == [asked(1), asked(4)]
    file.put(ME, None, asked(5), replacing=asked(1).id)
    file.put(OTHER, talk, asked(6), replacing=asked(1).id)
    assert file.exchanges(ME, talk) == [asked(1), asked(4)]


def test_two_windows_delete_the_same_conversation(again: Again) -> None:
    with again() as one, again() as two:
        talk = one.put(ME, None, asked(1), {"trace": 1})
        one.delete(ME, talk)
        two.delete(ME, talk)
        for window in (one, two):
            assert window.conversations(ME) == []
            with pytest.raises(NoSuchConversation, match=r"gone\. It was deleted in another"):
                window.exchanges(ME, talk)
            with pytest.raises(NoSuchConversation):
                window.rename(ME, talk, "x")
            with pytest.raises(NoSuchExchange):
                window.find(ME, asked(1).id)
            assert window.trace(ME, asked(1).id) is None


def test_an_answer_to_a_deleted_conversation_comes_back_with_it(again: Again) -> None:
    with again() as one, again() as two:
        talk = one.put(ME, None, asked(1, "Before?"))
        one.put(ME, talk, replace(asked(2, "Under way?"), state="writing", answer=None))
        two.delete(ME, talk)
        assert one.put(ME, talk, asked(2, "Under way?")) == talk
        assert titles(two) == []
        two.restore(ME, talk)
        assert one.exchanges(ME, talk) == [asked(1, "Before?"), asked(2, "Under way?")]


def test_a_new_question_to_a_deleted_conversation_begins_another(again: Again) -> None:
    with again() as one, again() as two:
        talk = one.put(ME, None, asked(1, "Before?"))
        two.delete(ME, talk)
        begun = one.put(ME, talk, asked(2, "After?"))
        assert begun != talk
        assert two.exchanges(ME, begun) == [asked(2, "After?")]
        assert titles(two) == ["After?"]


# --- thumbs ----------------------------------------------------------------------------------


def test_a_thumb_is_set_changed_and_cleared(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    liked = history.set_thumb(ME, asked(1).id, "up")
    assert liked == replace(asked(1), thumb="up")
    history.put(ME, talk, asked(1))  # a window that does not know of the thumb
    assert history.find(ME, asked(1).id) == liked
    down = history.set_thumb(ME, asked(1).id, "down", " it is\n10%\x07 \u202e" + "so " * 400)
    assert down.note.startswith("it is 10% so so")
    assert len(down.note) <= MAX_NOTE_CHARS
    assert history.set_thumb(ME, asked(1).id, None, "gone with it") == asked(1)
    assert history.with_thumbs(ME) == []


def test_a_thumb_that_comes_with_the_exchange_is_kept(history: History) -> None:
    history.put(ME, None, replace(asked(1), thumb="down", note="10%"))
    history.put(ME, None, replace(asked(1), thumb="up", note=""))
    assert history.find(ME, asked(1).id) == replace(asked(1), thumb="up")


def test_conversations_with_a_thumb_come_whole(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    history.put(ME, talk, asked(2))
    history.put(ME, None, asked(3))
    history.put(OTHER, None, replace(asked(4), thumb="up"))
    history.set_thumb(ME, asked(2).id, "up")
    assert history.with_thumbs(ME) == [[asked(1), replace(asked(2), thumb="up")]]


# --- company and crashes ---------------------------------------------------------------------


def test_two_connections_see_each_others_writes(again: Again) -> None:
    with again() as one, again() as two:
        talk = one.put(ME, None, asked(1))
        two.put(ME, talk, asked(2))
        assert one.exchanges(ME, talk) == two.exchanges(ME, talk) == [asked(1), asked(2)]


def test_many_threads_and_connections_write_at_once(again: Again) -> None:
    faults: list[BaseException] = []

    def write(history: History, owner: str, first: int) -> None:
        try:
            talk = None
            for number in range(first, first + 10):
                talk = history.put(owner, talk, asked(number), {"number": number})
                history.set_thumb(owner, asked(number).id, "up")
                history.conversations(owner, "rate")
        except BaseException as fault:
            faults.append(fault)

    with again() as one, again() as two:
        threads = [
            threading.Thread(target=write, args=(history, owner, 100 * number))
            for number, (history, owner) in enumerate([(one, ME), (two, ME), (one, OTHER)] * 2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        for owner, expected in ((ME, 4), (OTHER, 2)):
            found = two.conversations(owner)
            assert [talk.exchanges for talk in found] == [10] * expected
            for talk in found:
                numbers = [int(said.id, 16) for said in two.exchanges(owner, talk.id)]
                assert numbers == list(range(numbers[0], numbers[0] + 10))


CHILD = """
import sys
from pathlib import Path
from tests.test_history import ME, asked
from ui.records.history import History

history, talk = History.open(Path(sys.argv[1])), None
for number in range(1_000_000):
    talk = history.put(ME, talk if number % 7 else None, asked(number), {"number": number})
    print(number, flush=True)
"""


def test_a_process_killed_while_it_writes_leaves_whole_exchanges(path: Path) -> None:
    kept = 0
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        assert child.stdout
        for _ in range(25):
            kept = max(kept, int(child.stdout.readline()))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with History.open(path) as history:
            talks = [history.exchanges(ME, talk.id) for talk in history.conversations(ME)]
            said = {exchange.id: exchange for talk in talks for exchange in talk}
            assert all(talks)
            for number in range(kept + 1):
                assert said[asked(number).id] == asked(number)
                assert history.trace(ME, asked(number).id) == {"number": number}
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


# --- trouble with the file -------------------------------------------------------------------


def test_a_full_disk_is_told_and_nothing_is_lost(file: History) -> None:
    talk = file.put(ME, None, asked(1))
    ((pages,),) = file._database.rows("PRAGMA page_count")
    file._database.rows(f"PRAGMA max_page_count = {pages}")
    large = replace(asked(2), draft="x" * 100_000)
    with pytest.raises(HistoryError, match="disk is full") as full:
        file.put(ME, talk, large)
    assert "Free some space" in full.value.remedy
    assert file.exchanges(ME, talk) == [asked(1)]
    with pytest.raises(HistoryError, match="disk is full"):
        file.put(ME, talk, replace(asked(1), draft="x" * 100_000), {"trace": 1})
    assert file.exchanges(ME, talk) == [asked(1)]
    assert file.trace(ME, asked(1).id) is None
    file._database.rows("PRAGMA max_page_count = 1000000")
    file.put(ME, talk, large)
    assert file.exchanges(ME, talk) == [asked(1), large]


def test_a_history_that_may_only_be_read_says_so(file: History) -> None:
    talk = file.put(ME, None, asked(1))
    file._database.rows("PRAGMA query_only = ON")
    with pytest.raises(HistoryError, match="may only be read"):
        file.put(ME, talk, asked(2))
    assert file.exchanges(ME, talk) == [asked(1)]


@pytest.mark.parametrize(
    "content", [b"not a database, " * 500, b"SQLite format 3\0" + b"\xff" * 90]
)
def test_a_damaged_file_is_told_and_left_alone(content: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(HistoryError, match="is damaged") as damaged:
        History.open(path)
    assert "Move that file away" in damaged.value.remedy
    assert path.read_bytes() == content


def test_a_directory_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(HistoryError, match="cannot be opened"):
        History.open(path)


def test_a_newer_file_is_refused(path: Path) -> None:
    History.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {history_schema.VERSION + 1}")
    with pytest.raises(HistoryError, match="newer Footnote") as newer:
        History.open(path)
    assert "Upgrade" in newer.value.remedy


def test_an_answer_that_cannot_be_read_can_still_be_deleted(history: History) -> None:
    talk = history.put(ME, None, asked(1))
    history._database.rows("UPDATE records SET document = '{}'")
    with pytest.raises(HistoryError, match="cannot be read") as unread:
        history.exchanges(ME, talk)
    assert "delete the conversation" in unread.value.remedy
    assert len(history.conversations(ME)) == 1
    history.delete(ME, talk)
    assert history.conversations(ME) == []


def test_half_a_character_is_no_name(history: History) -> None:
    with pytest.raises(HistoryError, match="cannot be kept"):
        history.put("\ud800", None, asked(1))
    talk = history.put(ME, None, asked(1, "Half \ud800?"))
    assert history.find(ME, asked(1).id).question == "Half \ud800?"
    assert titles(history) == ["Half ?"]
    assert history.exchanges(ME, talk)
