"""Frozen values that load fast behave as dataclasses do."""

import pytest

from live_cluster.record import Record


class Place(Record):
    """Two fields, one of them optional."""

    name: str
    number: int = 7

    @property
    def label(self) -> str:
        return f"{self.name} {self.number}"


class Other(Record):
    """The same fields, another meaning."""

    name: str
    number: int = 7


def test_fields_by_place_and_by_name() -> None:
    assert Place("a", 1) == Place(number=1, name="a")
    assert Place("a").label == "a 7"
    assert repr(Place("a")) == "Place(name='a', number=7)"


@pytest.mark.parametrize(
    ("values", "named"), [((), {}), (("a", 1, 2), {}), (("a",), {"name": "b"}), (("a",), {"numbr": 1})]
)
def test_wrong_fields_are_refused(values: tuple[object, ...], named: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="Place"):
        Place(*values, **named)  # type: ignore[arg-type]


def test_a_value_does_not_change() -> None:
    place = Place("a")
    with pytest.raises(AttributeError, match=r"Place\.name"):
        place.name = "b"  # type: ignore[misc]
    assert place._replace(name="b") == Place("b")
    assert place.name == "a"


def test_equal_values_are_one_key_and_types_differ() -> None:
    assert {Place("a"): 1}[Place("a", 7)] == 1
    assert Place("a") != Other("a")
    assert Place("a").as_dict() == {"name": "a", "number": 7}
