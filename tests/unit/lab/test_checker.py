"""What clients tell becomes a history."""

from live_lab.checker import read_history
from live_lab.fault_run import RowCounts, total
from live_lab.history import Era, Island, Read, Write


def test_lines_become_writes_and_reads() -> None:
    history = read_history(
        [
            ["begun", "a", 1, 10.0],
            ["acknowledged", "a", 1, 10.5, 3, 100.0],
            ["begun", "a", 2, 11.0],
            ["unknown", "a", 2, 11.5, "WARNING 57P01 ..."],
            ["begun", "b", 1, 12.0],
            ["read", "reader", 12.0, 12.1, 3, 100.0, [["a", 1, 2, [2]]]],
            ["read", "reader", 13.0, 13.1, 0, 50.0, []],
            ["unread", "reader", 14.0, 14.1, "connection closed"],
        ]
    )
    assert history.writes == (
        Write(row=("a", 1), began_s=10.0, ended_s=10.5, era=Era(3, 100.0)),
        Write(row=("a", 2), began_s=11.0),
        Write(row=("b", 1), began_s=12.0),
    )
    shown = (Island(series="a", first=1, last=2, repeated=(2,)),)
    assert history.reads == (
        Read(reader="reader", began_s=12.0, ended_s=12.1, era=Era(3, 100.0), shown=shown),
        Read(reader="reader", began_s=13.0, ended_s=13.1, era=None, shown=()),
    )


def test_counts_of_several_runs_add_up() -> None:
    zero = RowCounts(acknowledged=0, reads=0, lost=0, duplicated=0, diverging=0, stale=0, outdated=0)
    first = RowCounts(acknowledged=10, reads=5, lost=1, duplicated=0, diverging=2, stale=0, outdated=3)
    assert total([]) == zero
    assert total([first, zero, first]).outdated == 6
