"""The judgement of histories: each kind of anomaly is found, and nothing is found in sound ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from live_lab.history import Era, History, Island, Judgement, Read, Row, Write, judge

FIRST, SECOND = Era(1, 100.0), Era(2, 50.0)
HEALED_S = 1000.0
# Machines are busy; how long an example takes says nothing.
UNHURRIED = settings(deadline=None)


def write(number: int, at_s: float, era: Era | None = FIRST, series: str = "a") -> Write:
    return Write(row=(series, number), began_s=at_s, ended_s=at_s + 0.5, era=era)


def read(at_s: float, first: int, last: int, era: Era | None = FIRST) -> Read:
    shown = (Island(series="a", first=first, last=last),) if last >= first else ()
    return Read(reader="reader", began_s=at_s, ended_s=at_s + 0.1, era=era, shown=shown)


def history(writes: list[Write], reads: list[Read], **heads: list[int]) -> History:
    tables = {head: Counter(("a", number) for number in numbers) for head, numbers in heads.items()}
    return History(writes=tuple(writes), reads=tuple(reads), tables=tables, healed_s=HEALED_S)


SOUND = history([write(1, 1), write(2, 2), write(3, 3, None)], [read(3.5, 1, 2)], one=[1, 2], other=[1, 2])


def test_a_sound_history_has_no_violations() -> None:
    judgement = judge(SOUND)
    assert not judgement.violations
    assert not judgement.outdated
    assert (judgement.acknowledged, judgement.reads) == (2, 1)


def test_an_unknown_row_may_be_there_on_both_heads() -> None:
    assert not judge(replace(SOUND, tables={"one": Counter({("a", 3): 1}) + SOUND.tables["one"]})).violations


@pytest.mark.parametrize(
    ("kind", "wrong", "rows"),
    [
        ("lost", history([write(1, 1), write(2, 2)], [], one=[1, 2], other=[1]), {2}),
        ("lost", history([write(1, 1), write(2, 2)], [], one=[1], other=[1]), {2}),
        ("duplicated", history([write(1, 1)], [], one=[1, 1], other=[1]), {1}),
        ("diverging", history([write(1, 1), write(2, 2, None)], [], one=[1, 2], other=[1]), {2}),
        ("unexpected", history([write(1, 1)], [], one=[1, 9], other=[1, 9]), {9}),
        ("overtaken", history([write(1, 1, SECOND), write(2, 2)], [], one=[1, 2], other=[1, 2]), {2}),
    ],
)
def test_each_kind_of_anomaly_is_found(kind: str, wrong: History, rows: set[int]) -> None:
    judgement = judge(wrong)
    assert getattr(judgement, kind) == {("a", row) for row in rows}
    assert judgement.violations


def test_a_row_that_a_read_shows_twice_is_found() -> None:
    shown = (Island(series="a", first=1, last=2, repeated=(2,)),)
    twice = replace(SOUND, reads=(replace(read(3.5, 1, 2), shown=shown),))
    assert judge(twice).duplicated == {("a", 2)}


def test_a_row_that_is_acknowledged_while_it_is_overtaken_is_no_violation() -> None:
    """It was begun before the other server acknowledged anything: the order of the two is nobody's to say."""
    early = Write(row=("a", 2), began_s=1.2, ended_s=5.0, era=FIRST)
    assert not judge(history([write(1, 1, SECOND), early], [], one=[1, 2], other=[1, 2])).violations


@pytest.mark.parametrize(
    ("at_s", "reading", "acknowledging", "is_stale"),
    [
        pytest.param(3.0, FIRST, FIRST, True, id="it had acknowledged the row itself"),
        pytest.param(3.0, SECOND, FIRST, True, id="it had taken over after the row"),
        pytest.param(3.0, FIRST, SECOND, False, id="it does not know yet that another one has taken over"),
        pytest.param(HEALED_S + 1, FIRST, SECOND, True, id="everything was whole again"),
    ],
)
def test_a_read_without_an_acknowledged_row(
    at_s: float, reading: Era, acknowledging: Era, is_stale: bool
) -> None:
    seen = read(at_s, 1, 1, reading)
    judgement = judge(history([write(1, 1), write(2, 2, acknowledging)], [seen], one=[1, 2], other=[1, 2]))
    found, other = (judgement.stale, judgement.outdated)[:: 1 if is_stale else -1]
    assert [(one.read, one.missing) for one in found] == [(seen, (("a", 2),))]
    assert not other
    assert bool(judgement.violations) is is_stale


def test_one_row_that_nothing_excuses_makes_a_read_stale() -> None:
    seen = read(4.0, 1, 0)
    writes = [write(1, 1), write(2, 2, SECOND)]
    assert judge(history(writes, [seen], one=[1, 2], other=[1, 2])).stale


@pytest.mark.parametrize(
    "unjudged",
    [
        pytest.param(read(3.0, 1, 1, None), id="a standby may be behind"),
        pytest.param(read(2.2, 1, 1), id="the row was acknowledged after the read had begun"),
    ],
)
def test_reads_that_need_not_show_a_row(unjudged: Read) -> None:
    writes = [write(1, 1), write(2, 2)]
    assert not judge(history(writes, [unjudged], one=[1, 2], other=[1, 2])).violations


def test_what_was_given_up_is_not_counted() -> None:
    kept = history([write(1, 1), write(2, 2, SECOND), write(3, 5)], [read(6, 3, 3)], one=[3], other=[3])
    assert judge(kept).lost
    assert not judge(replace(kept, given_up_s=4.0)).violations


def test_without_tables_nothing_is_said_of_rows() -> None:
    assert not judge(replace(SOUND, tables={})).violations


# -- generated histories ------------------------------------------------------------------------------------------


@dataclass
class Pair:
    """A model of a sound pair: rows by head, and which server is primary."""

    eras: list[Era]
    rows: list[Row]
    writes: list[Write]
    reads: list[Read]
    now_s: float = 0.0


def islands(rows: list[Row]) -> tuple[Island, ...]:
    found: list[Island] = []
    for series, number in sorted(rows):
        if found and found[-1].series == series and found[-1].last == number - 1:
            found[-1] = replace(found[-1], last=number)
        else:
            found.append(Island(series=series, first=number, last=number))
    return tuple(found)


EVENTS = st.lists(
    st.sampled_from(
        ["write a", "write b", "fail a", "fail and keep b", "read", "read former", "restart", "fail over"]
    ),
    max_size=60,
)


@st.composite
def sound_histories(draw: st.DrawFn) -> History:
    """What clients may see of a pair that loses nothing."""
    pair = Pair(eras=[FIRST], rows=[], writes=[], reads=[])
    numbers: Counter[str] = Counter()
    # What the former primary shows as long as it does not know better, and until when it may.
    former: tuple[Era, tuple[Island, ...]] | None = None
    for event in draw(EVENTS):
        pair.now_s += draw(st.floats(0.01, 2.0))
        kind, _, series = event.rpartition(" ")
        era = pair.eras[-1]
        if kind in ("write", "fail", "fail and keep"):
            numbers[series] += 1
            row = (series, numbers[series])
            done = kind == "write"
            pair.writes.append(
                Write(row=row, began_s=pair.now_s, ended_s=pair.now_s + 0.005, era=era if done else None)
            )
            if kind != "fail":
                pair.rows.append(row)
        elif event == "read":
            pair.reads.append(_read(pair.now_s, era, islands(pair.rows)))
        elif event == "read former" and former:
            pair.reads.append(_read(pair.now_s, *former))
        elif event == "restart":
            pair.eras.append(Era(era.timeline, era.started_s + 1))
        elif event == "fail over":
            former = (era, islands(pair.rows))
            pair.eras.append(Era(era.timeline + 1, draw(st.floats(0, 200))))
    pair.now_s += 1
    table = Counter(pair.rows)
    last = _read(pair.now_s + 1, pair.eras[-1], islands(pair.rows))
    return History(
        writes=tuple(pair.writes),
        reads=(*pair.reads, last),
        tables={"one": table, "other": table.copy()},
        healed_s=pair.now_s,
    )


def _read(at_s: float, era: Era, shown: tuple[Island, ...]) -> Read:
    return Read(reader="reader", began_s=at_s, ended_s=at_s + 0.1, era=era, shown=shown)


@UNHURRIED
@given(sound_histories())
def test_generated_sound_histories_have_no_violations(sound: History) -> None:
    assert not judge(sound).violations


def _acknowledged(sound: History) -> Write:
    writes = [one for one in sound.writes if one.era]
    assume(writes)
    return writes[len(writes) // 2]


def _tables(sound: History, change: Callable[[Counter[Row]], None], heads: int) -> Mapping[str, Counter[Row]]:
    tables = {name: table.copy() for name, table in sound.tables.items()}
    for table in list(tables.values())[:heads]:
        change(table)
    return tables


def lose(sound: History, heads: int) -> tuple[History, Row]:
    row = _acknowledged(sound).row
    return replace(sound, tables=_tables(sound, lambda table: table.pop(row) and None, heads)), row


@pytest.mark.parametrize("heads", [1, 2])
@UNHURRIED
@given(sound_histories())
def test_a_lost_row_is_found_in_any_history(heads: int, sound: History) -> None:
    wrong, row = lose(sound, heads)
    judgement = judge(wrong)
    assert judgement.lost == {row}
    assert judgement.diverging == ({row} if heads == 1 else frozenset())


@UNHURRIED
@given(sound_histories())
def test_a_row_that_is_there_twice_is_found_in_any_history(sound: History) -> None:
    row = _acknowledged(sound).row
    assert judge(replace(sound, tables=_tables(sound, lambda table: table.update([row]), 1))).duplicated == {
        row
    }


@UNHURRIED
@given(sound_histories())
def test_a_row_that_nobody_wrote_is_found_in_any_history(sound: History) -> None:
    row = ("stranger", 1)
    judgement = judge(replace(sound, tables=_tables(sound, lambda table: table.update([row]), 2)))
    assert judgement.unexpected == {row}


def without(shown: tuple[Island, ...], row: Row) -> tuple[Island, ...]:
    rows = [(one.series, number) for one in shown for number in range(one.first, one.last + 1)]
    return islands([one for one in rows if one != row])


@UNHURRIED
@given(sound_histories())
def test_a_read_that_lacks_a_row_after_healing_is_found_in_any_history(sound: History) -> None:
    row, last = _acknowledged(sound).row, sound.reads[-1]
    wrong = replace(sound, reads=(*sound.reads[:-1], replace(last, shown=without(last.shown, row))))
    assert [one.missing for one in judge(wrong).stale] == [(row,)]


@UNHURRIED
@given(sound_histories(), st.data())
def test_a_read_that_lacks_a_row_of_its_own_primary_is_found_in_any_history(
    sound: History, data: st.DataObject
) -> None:
    chosen = _acknowledged(sound)
    assert chosen.ended_s is not None
    at_s = data.draw(st.floats(chosen.ended_s + 0.001, chosen.ended_s + 10))
    seen = _read(at_s, chosen.era or FIRST, without(sound.reads[-1].shown, chosen.row))
    assert seen in [one.read for one in judge(replace(sound, reads=(*sound.reads, seen))).stale]


@UNHURRIED
@given(sound_histories())
def test_a_primary_that_was_overtaken_and_acknowledges_is_found_in_any_history(sound: History) -> None:
    last = max((one for one in sound.writes if one.era), key=lambda one: one.began_s, default=None)
    assume(last is not None and last.era is not None)
    assert last is not None
    assert last.era is not None
    late = Write(
        row=("late", 1),
        began_s=(sound.healed_s or 0) - 0.5,
        ended_s=sound.healed_s,
        era=Era(last.era.timeline - 1, last.era.started_s),
    )
    assert judge(replace(sound, writes=(*sound.writes, late))).overtaken == {late.row}


def test_violations_name_a_row_and_a_reader() -> None:
    judgement: Judgement = judge(history([write(1, 1), write(2, 2)], [read(3, 1, 1)], one=[1], other=[1, 2]))
    lost, diverging, stale = judgement.violations
    assert "a-2" in lost
    assert "one head only" in diverging
    assert "reader" in stale
